"use strict";
// The page: tabs, the numbers at the top, and what is asked for when.
(() => {
  const { el } = EC;
  const EVERY_MS = 1000;
  const VIEWS = ["anomalies", "clusters", "plots"];
  const loaded = { anomalies: null, clusters: null, plots: null };
  let current = "anomalies";
  let latest = null;

  const tab = (name) => document.getElementById("tab-" + name);
  const say = (name, text) => { document.getElementById("said-" + name).textContent = text; };

  const version = (name) => {
    const picture = latest.picture ? String(latest.picture.stream_time) : "null";
    return name === "anomalies" ? String(latest.anomalies.seen) : name === "clusters" ? picture : picture + "/" + latest.anomalies.seen;
  };

  const load = async (name) => {
    const wanted = version(name);
    loaded[name] = wanted;
    try {
      // An answer may be a little older than the status: then it is asked for again.
      const shown = await EC[name].load();
      loaded[name] = shown === undefined ? wanted : shown;
    } catch (error) {
      loaded[name] = null;
      say(name, "Not answered: " + error.message);
    }
  };

  const choose = (name, focus) => {
    current = name;
    for (const each of VIEWS) {
      tab(each).setAttribute("aria-selected", String(each === name));
      tab(each).tabIndex = each === name ? 0 : -1;
      document.getElementById("view-" + each).hidden = each !== name;
    }
    if (focus) tab(name).focus();
    history.replaceState(null, "", name === VIEWS[0] ? location.pathname : "#" + name);
    if (latest && loaded[name] !== version(name)) load(name);
    if (name === "plots") EC.plots.resize();
  };

  const kinds = (counts) => Object.entries(counts).map(([kind, count]) => `${EC.number(count)} ${kind}`).join(", ");

  const sum = (counts, of) => Object.values(counts).reduce((total, each) => total + of(each), 0);

  const tiles = (now) => {
    const lag = now.lag_records === null ? "–" : EC.number(now.lag_records);
    const records = sum(now.outcomes, (count) => count);
    const withheld = sum(now.withheld, (count) => count);
    return [
      ["Events/s", EC.number(now.events_per_s, 1), `${EC.number(records)} records read`],
      ["Lag", lag, now.lag_s ? `records, up to ${EC.span(now.lag_s * 1000)} old` : "records"],
      ["Window", EC.span(now.window_span), kinds(now.window_events) || "no event yet"],
      ["Clusters", EC.number(sum(now.clusters, (each) => each.clusters)), `${EC.number(sum(now.window_vectors, (count) => count))} forms`],
      ["Noise", EC.number(sum(now.clusters, (each) => each.noise_events)), "events outside"],
      ["Models", EC.number(now.scopes.live), `${EC.number(now.scopes.warmup)} warming up`],
      ["Anomalies", EC.number(now.anomalies.seen), `${EC.number(withheld)} not published`],
      ["Partitions", EC.number(now.partitions.length), restoring(now.partitions)],
    ];
  };

  const restoring = (partitions) => {
    const waiting = partitions.filter((each) => each.state !== "live");
    if (!waiting.length) return partitions.length ? "all live" : "none assigned";
    const done = waiting.reduce((total, each) => total + each.progress, 0) / waiting.length;
    return `${waiting.length} restoring, ${Math.floor(done * 100)} %`;
  };

  const place = (now) => {
    const dl = document.getElementById("tiles");
    tiles(now).forEach(([name, value, note], index) => {
      let tile = dl.children[index];
      if (!tile) {
        tile = el("div", { class: "tile" }, el("dt", {}, name), el("dd", {}, el("span"), el("small")));
        dl.append(tile);
      }
      const [big, small] = tile.querySelectorAll("span, small");
      if (big.textContent !== value) big.textContent = value;
      if (small.textContent !== note) small.textContent = note;
    });
    state(now.state, now.state);
    const up = "up " + EC.span(Math.max(0, Math.floor(Date.now() / 1000 - now.started_at)) * 1000);
    document.getElementById("clock").textContent = now.stream_time === null ? up : `${up} · event time ${EC.when(now.stream_time)} UTC`;
    document.getElementById("count-anomalies").textContent = EC.number(now.anomalies.seen);
    document.getElementById("count-clusters").textContent = EC.number(sum(now.clusters, (each) => each.clusters));
  };

  const state = (name, text) => {
    const pill = document.getElementById("state");
    if (pill.textContent !== text) pill.textContent = text;
    pill.dataset.state = name;
  };

  const turn = async () => {
    if (document.hidden) return;
    try {
      latest = await EC.session.ask("api/status");
    } catch {
      state("lost", "no answer");
      return;
    }
    place(latest);
    if (loaded[current] !== version(current)) await load(current);
  };

  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step && event.target.getAttribute("role") === "tab") {
      choose(VIEWS[(VIEWS.indexOf(current) + step + VIEWS.length) % VIEWS.length], true);
      event.preventDefault();
    }
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      const field = document.querySelector(`#view-${current} input[name="q"]`);
      if (field) { field.focus(); event.preventDefault(); }
    }
  };

  const start = async () => {
    EC.anomalies.start(() => load("anomalies"));
    EC.clusters.start(() => load("clusters"));
    for (const name of VIEWS) tab(name).addEventListener("click", () => choose(name, false));
    document.addEventListener("keydown", keys);
    await EC.session.admitted();
    const asked = location.hash.slice(1);
    choose(VIEWS.includes(asked) ? asked : VIEWS[0], false);
    for (;;) {
      await turn();
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  };

  document.addEventListener("DOMContentLoaded", start);
})();
