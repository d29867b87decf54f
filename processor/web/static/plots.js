"use strict";
// Draws the figures into their places, with the choices each offers; plotly is loaded when it is first needed.
(() => {
  const { el } = EC;
  const choices = {};
  const places = new Map();
  let data = null;
  let loading = null;

  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue("--" + name).trim();
    return {
      ink: of("ink"), muted: of("muted"), grid: of("line"), panel: of("panel"), sunken: of("sunken"), faint: of("low"),
      process: of("process"), logon: of("logon"), alert: of("alert"), noise: of("alert"),
    };
  };

  const plotly = () => {
    if (window.Plotly) return Promise.resolve();
    loading ||= new Promise((resolve, reject) => {
      const fail = () => { loading = null; reject(new Error("plotly.min.js was not loaded")); };
      EC.plots.address().then((src) => document.head.append(el("script", { src, onload: resolve, onerror: fail })), fail);
    });
    return loading;
  };

  const control = (figure, one) => {
    const chosen = choices[figure.id];
    const select = el("select", { name: one.name });
    select.addEventListener("change", () => { chosen[one.name] = select.value; controls(figure); draw(figure); });
    return el("label", {}, one.title, select);
  };

  // Options follow the data; what was chosen stays while it exists.
  const controls = (figure) => {
    const chosen = choices[figure.id];
    const { selects } = places.get(figure.id);
    (figure.controls || []).forEach((one, i) => {
      const options = one.options(data, chosen);
      if (!options.some(([value]) => value === chosen[one.name])) {
        chosen[one.name] = one.fallback ? one.fallback(options) : (options[0] || [""])[0];
      }
      const select = selects[i].querySelector("select");
      const known = [...select.options].map((option) => option.value + "\n" + option.text).join("\n");
      if (known !== options.map(([value, text]) => value + "\n" + text).join("\n")) {
        select.replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
      }
      select.value = chosen[one.name];
      selects[i].hidden = options.length < 2;
    });
  };

  const place = (container, figure) => {
    choices[figure.id] = {};
    const drawing = el("div", { class: "drawing", id: "plot-" + figure.id });
    const said = el("p", { class: "note said" });
    const selects = (figure.controls || []).map((one) => control(figure, one));
    const whole = el("figure", { class: "plot" + (figure.wide ? " wide" : figure.tall ? " tall" : ""), "aria-labelledby": "title-" + figure.id },
      el("figcaption", {}, el("h3", { id: "title-" + figure.id }, figure.title), el("p", { class: "note" }, figure.note), said),
      selects.length ? el("div", { class: "controls" }, selects) : null, drawing);
    container.append(whole);
    places.set(figure.id, { whole, drawing, said, selects });
  };

  const draw = (figure) => {
    const { drawing, said, whole } = places.get(figure.id);
    const colors = theme();
    const built = figure.build(data, colors, choices[figure.id], drawing.clientWidth);
    whole.hidden = built === null;
    if (!built) return null;
    said.textContent = built.said;
    drawing.setAttribute("role", "group");
    drawing.setAttribute("aria-label", figure.title + ": " + built.said);
    const layout = {
      height: 380, margin: { l: 56, r: 24, t: drawing.clientWidth < 640 ? 62 : 34, b: 44 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colors.ink, family: "system-ui, sans-serif", size: 12 }, hoverlabel: { align: "left" }, modebar: { bgcolor: "rgba(0,0,0,0)", color: colors.muted, activecolor: colors.process }, dragmode: "zoom", uirevision: JSON.stringify(choices[figure.id]),
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }, ...built.layout,
    };
    // Nothing leaves the page: plotly's own button would upload the plot to its maker's server.
    const config = {
      responsive: true, displaylogo: false, doubleClick: "reset", showSendToCloud: false, plotlyServerURL: "",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
    };
    return Plotly.react(drawing, built.data, layout, config);
  };

  // One after another, so that the page answers in between.
  const drawAll = async () => {
    for (const figure of EC.figures) {
      controls(figure);
      await draw(figure);
      await new Promise((resolve) => setTimeout(resolve));
    }
    document.documentElement.dataset.drawn = "yes";
  };

  const show = async (container, fresh) => {
    data = fresh;
    if (!places.size) {
      EC.figures.forEach((figure) => place(container, figure));
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
    }
    await drawAll();
  };

  const resize = () => {
    for (const { drawing } of places.values()) if (drawing.offsetParent && window.Plotly) Plotly.Plots.resize(drawing);
  };

  // A report has it inside itself.
  const address = async () => "static/plotly.min.js";

  let loadedAt = -Infinity;
  const EVERY_MS = 10000;

  const load = async () => {
    const wait = loadedAt + EVERY_MS - performance.now();
    if (wait > 0 && places.size) return null;
    loadedAt = performance.now();
    const [fresh] = await Promise.all([EC.session.ask("api/plots"), plotly()]);
    const empty = !fresh.bars.length && !fresh.marks.length;
    document.getElementById("said-plots").textContent = empty
      ? "Nothing to draw yet: plots are made each time clusters are counted."
      : fresh.stream_time === null ? "" : "As of " + EC.when(fresh.stream_time) + " UTC, event time";
    await show(document.getElementById("plots"), fresh);
    return fresh.stream_time + "/" + fresh.seen;
  };

  EC.plots = { address, load, plotly, show, resize };
})();
