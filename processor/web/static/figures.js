"use strict";
// What is drawn: plain data for plotly, from the same numbers on the page and in a report.
(() => {
  const iso = (ms) => new Date(ms).toISOString().slice(0, 23);
  const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const short = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);
  const alpha = (color, share) => color + Math.round(255 * share).toString(16).padStart(2, "0");
  const label = (text, length = 60) => escape(short(EC.visible(text || "not known"), length));
  const MAX_PROGRAMS = 25;
  const PALETTE = ["#3b82c4", "#1f9e89", "#a06cc9", "#c9882b", "#5d9c3a", "#c4607f", "#4b6fae", "#7d8a2e", "#2ba3b5", "#8d6a4f"];

  const time = (theme, extra = {}) => ({ type: "date", gridcolor: theme.grid, linecolor: theme.grid, automargin: true, ...extra });
  const axis = (theme, title, extra = {}) => ({ title: { text: title }, gridcolor: theme.grid, zerolinecolor: theme.grid, automargin: true, ...extra });

  // Events of all kinds in bars of one width: starts in order, without gaps but for empty stretches.
  const steps = (data) => {
    const width = Math.max(...data.bars.map((bars) => bars.width));
    const counts = new Map();
    data.bars.forEach((bars, kind) => bars.starts.forEach((start, i) => {
      const at = Math.floor(start / width) * width;
      if (!counts.has(at)) counts.set(at, data.bars.map(() => 0));
      counts.get(at)[kind] += bars.events[i];
    }));
    for (const at of [...counts.keys()]) {
      if (!counts.has(at + width)) counts.set(at + width, data.bars.map(() => 0));
    }
    return { width, rows: [...counts.entries()].sort((a, b) => a[0] - b[0]) };
  };

  // Scores of the anomalies above, bars of all events per pane below: one time axis. The bars of a kind are one
  // stepped path: a window has a thousand panes, and as many elements would take seconds to draw.
  const timeline = (data, theme) => {
    if (!data.bars.some((bars) => bars.starts.length)) return null;
    const { width, rows } = steps(data);
    const events = data.bars.map((bars, kind) => ({
      type: "scatter", mode: "lines", name: bars.kind + " events", stackgroup: "events", x: rows.map(([start]) => iso(start)), y: rows.map(([, counts]) => counts[kind]),
      line: { shape: "hv", width: 0.6, color: theme[bars.kind] }, fillcolor: alpha(theme[bars.kind], 0.6),
      hovertemplate: "%{y} " + bars.kind + " events<br>from %{x}<extra></extra>",
    }));
    const total = rows.reduce((sum, [, counts]) => sum + counts.reduce((a, b) => a + b, 0), 0);
    return {
      data: [...events, ...marks(data, theme, "y2")],
      layout: {
        height: 410, margin: { l: 56, r: 24, t: 34, b: 10 },
        xaxis: time(theme, { rangeslider: { visible: true, thickness: 0.08, bgcolor: theme.sunken, yaxis: { rangemode: "auto" } } }),
        yaxis: axis(theme, "events / " + EC.span(width), { domain: [0, 0.4], fixedrange: true, rangemode: "tozero", nticks: 4 }),
        yaxis2: axis(theme, "score", { domain: [0.46, 1], range: [0, 107], tickmode: "linear", tick0: 0, dtick: 20, fixedrange: true }),
      },
      said: `${EC.number(total)} events, ${EC.number(data.marks_total)} anomalies`,
    };
  };

  const marks = (data, theme, yaxis) => ["process", "logon"].map((kind) => {
    const own = data.marks.filter((mark) => mark.kind === kind);
    return {
      type: "scatter", mode: "markers", name: kind + " anomalies", yaxis,
      x: own.map((mark) => mark.time.slice(0, 23)), y: own.map((mark) => mark.score),
      text: own.map((mark) => label(mark.title) + "<br>" + label(mark.scope)),
      marker: { color: theme.alert, symbol: kind === "logon" ? "diamond" : "circle", size: 8, line: { color: theme.panel, width: 1 } },
      hovertemplate: "score %{y}<br>%{text}<br>%{x}<extra></extra>", visible: own.length ? true : "legendonly",
    };
  }).filter((trace) => trace.x.length);

  // Marks of one lane are spread over its height, so that those of one moment stay apart.
  const spread = (lane, i) => lane + 0.7 * ((i * 0.618034) % 1) - 0.35;

  // One lane a kind on one time axis: where a cluster begins and ends, and a reference to look before and after.
  const lanes = (data, theme, choice) => {
    if (!data.spans.length && !data.marks.length) return null;
    const traces = [];
    const names = [];
    for (const kind of ["logon", "process"]) {
      const alerts = data.marks.filter((mark) => mark.kind === kind);
      if (alerts.length) traces.push(alerted(alerts, names.push(kind + " anomalies") - 1, theme));
      for (const noise of [true, false]) {
        const own = data.spans.filter((span) => span.kind === kind && span.noise === noise);
        if (own.length) traces.push(...seen(own, names.push(kind + (noise ? " noise" : " clusters")) - 1, noise ? theme.noise : theme[kind], noise));
      }
    }
    const reference = data.marks.find((mark) => mark.id === choice.reference);
    const layout = {
      // The reference's name stands between the plot and its buttons.
      xaxis: time(theme), showlegend: false, height: 136 + 64 * names.length, margin: { l: 56, r: 24, t: 60, b: 44 },
      yaxis: { tickvals: names.map((_, i) => i), ticktext: names, range: [-0.5, names.length - 0.5], gridcolor: "rgba(0,0,0,0)", zeroline: false, automargin: true, fixedrange: true },
      shapes: names.slice(1).map((_, i) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: i + 0.5, y1: i + 0.5, line: { color: theme.grid, width: 1 } })),
    };
    if (reference) {
      const x = reference.time.slice(0, 23);
      layout.shapes.push({ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: theme.alert, width: 2, dash: "dot" } });
      layout.annotations = [{ x, yref: "paper", y: 1, yanchor: "bottom", text: label(reference.title, 40), showarrow: false, font: { color: theme.alert } }];
    }
    return { data: traces, layout, said: reference ? `Reference: ${EC.visible(reference.title)} at ${reference.time.slice(0, 19).replace("T", " ")} UTC` : "No reference chosen" };
  };

  const alerted = (own, lane, theme) => ({
    type: "scatter", mode: "markers", x: own.map((mark) => mark.time.slice(0, 23)), y: own.map((mark) => lane + 0.7 * (mark.score / 100) - 0.35),
    text: own.map((mark) => mark.score + " " + label(mark.title) + "<br>" + label(mark.scope)),
    marker: { color: theme.alert, symbol: "diamond", size: 8, line: { color: theme.panel, width: 0.6 } }, hovertemplate: "%{text}<br>%{x}<extra></extra>",
  });

  const seen = (own, lane, color, noise) => {
    const x = [];
    const y = [];
    own.forEach((span, i) => {
      if (span.last > span.first) { x.push(iso(span.first), iso(span.last), null); y.push(spread(lane, i), spread(lane, i), null); }
    });
    const lines = { type: "scatter", mode: "lines", x, y, line: { color, width: 1.5 }, opacity: 0.22, hoverinfo: "skip" };
    return [...(x.length ? [lines] : []), {
      type: "scatter", mode: "markers", x: own.map((span) => iso(span.first)), y: own.map((_, i) => spread(lane, i)),
      text: own.map((span) => label(span.text) + "<br>" + span.size + (span.size === 1 ? " event" : " events")),
      marker: { color, symbol: noise ? "x-thin" : "circle-open", size: noise ? 7 : 6, line: { width: 1.4, color } },
      hovertemplate: "%{text}<br>%{x}<extra></extra>",
    }];
  };

  const pointsOf = (data, choice) => data.points.find((points) => points.kind === choice.kind) || data.points[0];

  // The vectors in two of their features; noise is drawn over the clusters.
  const scatter = (data, theme, choice) => {
    const points = pointsOf(data, choice);
    if (!points) return null;
    const column = (name, otherwise) => Math.max(0, points.columns.indexOf(name) < 0 ? Math.min(otherwise, points.columns.length - 1) : points.columns.indexOf(name));
    const x = column(choice.x, 0);
    const y = column(choice.y, 1);
    const trace = (keep, name, marker) => {
      const at = points.cluster.map((_, i) => i).filter((i) => keep(points.cluster[i]));
      return {
        type: "scatter", mode: "markers", name, x: at.map((i) => points.values[x][i]), y: at.map((i) => points.values[y][i]),
        text: at.map((i) => label(points.programs[points.program[i]]) + "<br>" + points.size[i] + (points.size[i] === 1 ? " event" : " events")
          + (points.cluster[i] < 0 ? ", noise" : ", cluster " + points.cluster[i])),
        marker: marker(at), hovertemplate: "%{text}<br>" + points.columns[x] + " %{x}<br>" + points.columns[y] + " %{y}<extra></extra>",
      };
    };
    const size = (i) => 6 + 4 * Math.log10(points.size[i]);
    const noise = points.cluster.filter((cluster) => cluster < 0).length;
    const part = points.total > points.cluster.length ? `, drawn ${EC.number(points.cluster.length)} of ${EC.number(points.total)}` : "";
    return {
      data: [
        trace((cluster) => cluster >= 0, "in clusters", (at) => ({ size: at.map(size), color: at.map((i) => PALETTE[points.cluster[i] % PALETTE.length]), opacity: 0.75, line: { width: 0 } })),
        trace((cluster) => cluster < 0, "noise", (at) => ({ size: 8, symbol: "x", color: theme.alert, line: { width: 0 } })),
      ],
      layout: {
        xaxis: axis(theme, points.columns[x], { type: choice.scale || "linear" }),
        yaxis: axis(theme, points.columns[y], { type: choice.scale || "linear" }),
        height: 560,
      },
      said: `${EC.number(points.cluster.length - noise)} forms in clusters, ${EC.number(noise)} noise${part}`,
    };
  };

  // One dot a cluster: which programs make the large ones.
  const sizes = (data, theme, choice) => {
    const least = Number(choice.least || 2);
    const rows = data.sizes.map(({ program, sizes: own }) => [program, own.filter((size) => size >= least)]).filter(([, own]) => own.length).slice(0, MAX_PROGRAMS).reverse();
    if (!data.sizes.length) return null;
    const most = Math.max(...rows.flatMap(([, own]) => own), 2);
    return {
      data: [{
        type: "scatter", mode: "markers", x: rows.flatMap(([, own]) => own), y: rows.flatMap(([program, own]) => own.map(() => label(program, 38))),
        marker: { color: theme.process, size: 10, opacity: 0.65, line: { color: theme.panel, width: 1 } }, hovertemplate: "%{y}<br>cluster of %{x}<extra></extra>",
      }],
      layout: { xaxis: axis(theme, "events in cluster", { type: "log", dtick: most > 200 ? 1 : "D2", tickformat: ",d" }), yaxis: { automargin: true, gridcolor: theme.grid, fixedrange: true, dtick: 1 }, height: 560 },
      said: `${EC.number(rows.length)}${rows.length === MAX_PROGRAMS ? " largest" : ""} programs with clusters of at least ${EC.number(least)} events`,
    };
  };

  // The spread of each feature within the programs that take most forms.
  const boxes = (data, theme, choice, width) => {
    const points = pointsOf(data, { kind: choice.kind || "process" });
    if (!points) return null;
    const counts = new Map();
    points.program.forEach((program) => counts.set(program, (counts.get(program) || 0) + 1));
    const top = [...counts.entries()].sort((a, b) => b[1] - a[1]).slice(0, width < 600 ? 12 : 30).map(([program]) => program);
    const at = points.program.map((_, i) => i).filter((i) => top.includes(points.program[i]));
    const names = at.map((i) => label(points.programs[points.program[i]], 30));
    const share = 1 / points.columns.length;
    const layout = {
      showlegend: false, height: 120 + 120 * points.columns.length, margin: { l: 56, r: 24, t: 44, b: 44 },
      xaxis: { tickangle: -40, automargin: true, fixedrange: true, categoryorder: "array", categoryarray: top.map((program) => label(points.programs[program], 30)) },
      annotations: points.columns.map((column, i) => ({ text: label(column), font: { size: 13 }, xref: "paper", yref: "paper", x: 0, y: 1 - i * share - 0.03, xanchor: "left", yanchor: "bottom", showarrow: false })),
    };
    const traces = points.columns.map((column, i) => {
      layout[i ? "yaxis" + (i + 1) : "yaxis"] = axis(theme, "", { domain: [1 - (i + 1) * share + 0.02, 1 - i * share - 0.035], fixedrange: true, nticks: 4 });
      return {
        type: "box", x: names, y: at.map((j) => points.values[i][j]), yaxis: i ? "y" + (i + 1) : "y",
        marker: { color: theme[points.kind], size: 4 }, line: { width: 1.2 }, boxpoints: "outliers", hoverinfo: "x+y",
      };
    });
    layout.xaxis.anchor = points.columns.length > 1 ? "y" + points.columns.length : "y";
    return { data: traces, layout, said: `${EC.number(top.length)} programs with most forms; each form counts once` };
  };

  const logons = (data, theme) => {
    if (!data.logons.length) return null;
    const totals = new Map();
    data.logons.forEach((cell) => totals.set(cell.account, (totals.get(cell.account) || 0) + cell.events));
    const accounts = [...totals.entries()].sort((a, b) => b[1] - a[1]).slice(0, 30).map(([account]) => account).reverse();
    const types = [...new Set(data.logons.map((cell) => cell.type))].sort();
    const cells = data.logons.filter((cell) => accounts.includes(cell.account));
    const most = Math.max(...cells.map((cell) => cell.events));
    return {
      // Squares, no heat map: that one sets style attributes, which the content security policy forbids.
      data: [{
        type: "scatter", mode: "markers+text", x: cells.map((cell) => cell.type), y: cells.map((cell) => label(cell.account, 40)),
        text: cells.map((cell) => EC.number(cell.events)), textposition: "middle right", textfont: { color: theme.ink },
        marker: { symbol: "square", color: theme.logon, size: cells.map((cell) => 7 + (17 * Math.log1p(cell.events)) / Math.log1p(most)), line: { width: 0 } },
        hovertemplate: "%{y}<br>%{x}: %{text} logons<extra></extra>", cliponaxis: false,
      }],
      layout: {
        xaxis: { automargin: true, fixedrange: true, type: "category", side: "top", tickangle: -30, categoryorder: "array", categoryarray: types, gridcolor: theme.grid, range: [-0.4, types.length - 0.2] },
        yaxis: { automargin: true, fixedrange: true, type: "category", categoryorder: "array", categoryarray: accounts.map((account) => label(account, 40)), gridcolor: theme.grid, range: [-0.6, accounts.length - 0.4] },
        height: Math.max(420, 150 + 28 * accounts.length),
      },
      said: `${EC.number(totals.size)} accounts${totals.size > accounts.length ? ", the " + accounts.length + " with most" : ""}; ${types.length} types`,
    };
  };

  const scores = (data, theme) => {
    if (!data.scores.length) return null;
    const step = data.score_step;
    return {
      data: ["process", "logon"].map((kind) => {
        const own = data.scores.filter((bar) => bar.kind === kind);
        return { type: "bar", name: kind, x: own.map((bar) => bar.score + step / 2), y: own.map((bar) => bar.count), width: step * 0.92, marker: { color: theme[kind] }, customdata: own.map((bar) => bar.score + " to " + (bar.score + step)), hovertemplate: "score %{customdata}: %{y}<extra></extra>" };
      }).filter((trace) => trace.x.length),
      layout: { barmode: "stack", xaxis: axis(theme, "score", { range: [0, 100], dtick: 10 }), yaxis: axis(theme, "anomalies", { rangemode: "tozero" }) },
      said: `${EC.number(data.marks_total)} anomalies`,
    };
  };

  const kdistance = (data, theme) => {
    const curves = data.distances.filter((curve) => curve.distances.length);
    if (!curves.length) return null;
    const floor = (curve) => Math.min(curve.eps / 100, ...curve.distances.filter((d) => d > 0));
    return {
      data: curves.flatMap((curve) => [
        { type: "scatter", mode: "lines", name: curve.kind, x: curve.distances.map((_, i) => (100 * (i + 0.5)) / curve.distances.length), y: curve.distances.map((d) => Math.max(d, floor(curve))), line: { color: theme[curve.kind], width: 2 }, hovertemplate: "%{x:.1f} % are further than %{y:.3g}<extra>" + curve.kind + "</extra>" },
        { type: "scatter", mode: "lines", name: curve.kind + " eps " + curve.eps, x: [0, 100], y: [curve.eps, curve.eps], line: { color: theme[curve.kind], width: 1.5, dash: "dot" }, hoverinfo: "name" },
      ]),
      layout: { xaxis: axis(theme, "% of forms", { range: [0, 100] }), yaxis: axis(theme, "distance to the k-th other event", { type: "log", dtick: 1, tickformat: ".1~g" }) },
      said: curves.map((curve) => `${curve.kind}: k = ${curve.k}` + (curve.without ? `, ${EC.number(curve.without)} forms have too few neighbours in their gate` : "")).join("; "),
    };
  };

  const kindControl = { name: "kind", title: "Kind", options: (data) => data.points.map((points) => [points.kind, points.kind]) };
  const columnControl = (name, title, otherwise) => ({
    name, title, options: (data, choice) => { const points = pointsOf(data, choice); return points ? points.columns.map((column) => [column, column]) : []; },
    fallback: (options) => (options[Math.min(otherwise, options.length - 1)] || [""])[0],
  });

  EC.figures = [
    { id: "timeline", title: "Anomalies over all events", note: "Marks are anomalies by score, bars all events per pane. Drag to zoom, move the strip below to pan.", wide: true, build: timeline },
    {
      id: "lanes", title: "Processes and logons on one time axis", note: "When each cluster and each noise event was first seen, and until when; anomalies higher in their lane score more. The dotted line is the reference.", wide: true, build: lanes,
      controls: [{ name: "reference", title: "Reference", options: (data) => [...data.marks].sort((a, b) => b.score - a.score).slice(0, 40).map((mark) => [mark.id, `${mark.score} ${short(mark.title, 40)} ${mark.time.slice(0, 19).replace("T", " ")}`]).concat([["", "none"]]) }],
    },
    {
      id: "scatter", title: "Clusters and noise by two features", note: "One mark a form (distinct vector), larger for more events; values as measured.", build: scatter,
      controls: [kindControl, columnControl("x", "Across", 1), columnControl("y", "Up", 0), { name: "scale", title: "Scale", options: () => [["linear", "linear"], ["log", "log"]] }],
    },
    {
      id: "sizes", title: "Cluster sizes by process name", note: "One dot a cluster.", build: sizes,
      controls: [{ name: "least", title: "At least", options: () => [["2", "2 events"], ["5", "5 events"], ["10", "10 events"], ["100", "100 events"], ["1000", "1,000 events"]] }],
    },
    { id: "boxes", title: "Variability of each feature by process", note: "A wide box: the program's command lines or paths vary.", wide: true, build: boxes },
    { id: "logons", tall: true, title: "Logons by account and type", note: "Numbers are events in the window.", build: logons },
    { id: "scores", title: "Scores of the anomalies", note: "How unusual, 0 to 100.", build: scores },
    { id: "kdistance", title: "k-distance", note: "Where the curve bends is a good eps; the dotted line is the one in use.", build: kdistance },
  ];
})();
