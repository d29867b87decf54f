"use strict";
// The list of anomalies, grouped by episode; each opens to what is known of it.
(() => {
  const { el } = EC;
  const PAGE = 20;
  const list = () => document.getElementById("episodes");
  const MORE = 50;
  const shown = new Map();
  // Of episodes of which more was asked for: all that is listed, newest first.
  const longer = new Map();
  let pages = 1;
  let asked = 0;

  const filters = () => Object.fromEntries(new FormData(document.getElementById("filters")));

  const fields = (pairs) => {
    const present = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
    return el("dl", { class: "fields" }, present.map(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]));
  };

  const features = (anomaly) => {
    const rows = anomaly.features.map((feature) => {
      const apart = feature.typical !== null && Math.abs(feature.actual - feature.typical) > anomaly.eps / 2;
      return el("tr", {},
        el("th", { scope: "row" }, feature.name),
        el("td", { class: "number" + (apart ? " far" : "") }, EC.measure(feature.actual)),
        el("td", { class: "number" }, EC.measure(feature.typical)));
    });
    return el("table", { class: "grid features", "aria-label": "Features: actual against typical" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "feature"),
        el("th", { scope: "col", class: "number" }, "actual"), el("th", { scope: "col", class: "number" }, "typical"))),
      el("tbody", {}, rows));
  };

  const nearest = (cluster) => {
    if (!cluster) return [el("p", { class: "muted" }, "There is no known cluster to compare it with.")];
    const size = (cluster.at_least ? "at least " : "") + EC.number(cluster.size);
    return [el("p", {}, `${size} events, ${EC.measure(cluster.distance)} eps away; for example`), el("pre", {}, cluster.exemplar)];
  };

  const original = (text) => {
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  };

  const explained = (record) => {
    const { anomaly, process = {}, user = {}, source = {} } = record;
    const parent = process.parent || {};
    const logon = anomaly.logon || {};
    const type = logon.type === undefined ? "" : `${logon.type_name} (${logon.type})`;
    const account = [user.domain, user.name].filter(Boolean).join("\\");
    const left = [
      el("h4", {}, "Event"),
      fields([
        ["time", record["@timestamp"]], ["host", record.host.name], ["account", account], ["SID", user.id],
        ["executable", process.executable], ["process id", process.pid], ["parent", parent.executable],
        ["parent command", parent.command_line], ["logon type", type], ["logon id", logon.id], ["package", logon.package],
        ["source address", source.ip], ["outcome", record.event.outcome], ["event code", record.event.code],
      ]),
      process.command_line ? [el("h4", {}, "Command line"), el("pre", {}, process.command_line)] : null,
      anomaly.facts.length ? [el("h4", {}, "Facts"), el("ul", { class: "facts" }, anomaly.facts.map((fact) => el("li", {}, fact)))] : null,
    ];
    const right = [
      el("h4", {}, "Features: actual against typical"), features(anomaly),
      el("h4", {}, "Nearest cluster"), nearest(anomaly.nearest_cluster),
      el("p", { class: "muted" }, `${EC.number(anomaly.similar_in_window)} similar in the window of ${EC.number(anomaly.model.window_events)} events; `
        + `features ${anomaly.model.feature_set}, eps ${anomaly.eps}, min_samples ${anomaly.min_samples}`),
      el("p", { class: "muted" }, `${anomaly.source.topic} / ${anomaly.source.partition} @ ${anomaly.source.offset}, ${anomaly.source.format}`),
    ];
    return el("div", { class: "explained" },
      el("p", { class: "sentence" }, record.message),
      el("div", { class: "columns" }, el("div", {}, left.flat(2)), el("div", {}, right.flat(2))),
      record.event.original
        ? el("details", {}, el("summary", {}, "Raw event"), el("pre", { class: "raw" }, original(record.event.original)))
        : null);
  };

  const open = async (details, id) => {
    if (details.dataset.filled) return;
    details.dataset.filled = "yes";
    const place = el("div", { class: "explained muted" }, "loading");
    details.append(place);
    try {
      place.replaceWith(explained(await EC.session.ask("api/anomalies/" + encodeURIComponent(id))));
    } catch (error) {
      delete details.dataset.filled;
      place.textContent = error.message;
    }
  };

  const ESCALATED = "crosses a score at which its episode is told of again";

  const line = (one) => {
    const [reason, meaning] = EC.reasons[one.reason] || [one.reason, ""];
    const tags = [
      one.escalated ? el("span", { class: "tag alarm", title: ESCALATED }, "escalated") : null,
      one.warmup ? el("span", { class: "tag" }, "warm-up") : null,
      one.late ? el("span", { class: "tag" }, "late") : null,
      el("span", { class: "tag", title: meaning }, reason),
    ];
    const details = el("details", { class: "anomaly", "data-id": one.id },
      el("summary", {},
        el("span", { class: EC.scoreClass(one.score), title: "score, 0 to 100" }, String(one.score)),
        el("span", { class: "when" }, one.time.slice(11, 19)),
        el("span", { class: "tag " + one.kind }, one.kind),
        el("span", { class: "title" }, one.title),
        el("span", { class: "detail mono" }, one.detail),
        el("span", { class: "tags" }, tags)));
    details.addEventListener("toggle", () => { if (details.open) open(details, one.id); });
    return details;
  };

  const same = (a, b) => a.slice(0, 10) === b.slice(0, 10);

  const card = (episode) => {
    const until = same(episode.started, episode.last) ? episode.last.slice(11, 19) : episode.last.slice(0, 19).replace("T", " ");
    const times = episode.started.slice(0, 19).replace("T", " ") + (episode.started.slice(0, 19) === episode.last.slice(0, 19) ? "" : " to " + until);
    const anomalies = listed(episode);
    const hidden = episode.passed - anomalies.length;
    const name = "episode-" + episode.id;
    return el("article", { class: "episode", "data-id": episode.id, "aria-labelledby": name },
      el("header", {},
        el("div", { class: "line" },
          el("span", { class: EC.scoreClass(episode.max_score), title: "highest score" }, String(episode.max_score)),
          el("h3", { id: name }, episode.scope || "all hosts"),
          el("span", { class: "muted" }, times + " UTC"),
          el("span", { class: "spacer" }),
          episode.escalated ? el("span", { class: "tag alarm" }, "escalated") : null,
          el("span", { class: "tag" }, `${EC.number(episode.count)} ${episode.count === 1 ? "anomaly" : "anomalies"}`),
          episode.folded ? el("span", { class: "tag", title: "alike, counted and not published" }, `${EC.number(episode.folded)} folded`) : null),
        el("p", {}, episode.headline)),
      anomalies.map(line),
      hidden > 0
        ? el("button", { type: "button", class: "more", onclick: () => more(episode.id) }, `Show ${EC.number(Math.min(hidden, MORE))} of ${EC.number(hidden)} more`)
        : null);
  };

  // What came since is put before what was asked for, unless something in between is missing.
  const listed = (episode) => {
    const known = longer.get(episode.id);
    if (!known) return episode.anomalies;
    const oldest = episode.anomalies[episode.anomalies.length - 1].number;
    const all = known.some((one) => one.number === oldest) ? [...episode.anomalies, ...known.filter((one) => one.number < oldest)] : null;
    if (all) longer.set(episode.id, all);
    else longer.delete(episode.id);
    return all || episode.anomalies;
  };

  const summary = (card, id) => card.querySelector(`details[data-id="${CSS.escape(id)}"] > summary`);

  const more = async (id) => {
    const known = listed(shown.get(id).episode);
    try {
      const before = known[known.length - 1].number;
      const page = await EC.session.ask("api/anomalies", { ...filters(), episode: id, limit: MORE, before });
      const entry = shown.get(id);
      if (!entry) return;
      longer.set(id, [...known, ...page.items]);
      refresh(entry, entry.episode, entry.text);
      const first = page.items.length && summary(entry.element, page.items[0].id);
      if (first) first.focus();
    } catch (error) {
      document.getElementById("said-anomalies").textContent = "Not answered: " + error.message;
    }
  };

  // Cards that did not change stay as they are: what is open stays open, focus stays where it is.
  const place = (episodes) => {
    const kept = new Set();
    let before = null;
    for (const episode of episodes) {
      const text = JSON.stringify(episode);
      let entry = shown.get(episode.id);
      if (!entry) {
        entry = { text, episode, element: card(episode) };
        shown.set(episode.id, entry);
      } else if (entry.text !== text) {
        refresh(entry, episode, text);
      }
      kept.add(episode.id);
      const next = before ? before.nextElementSibling : list().firstElementChild;
      if (next !== entry.element) {
        if (before) before.after(entry.element);
        else list().prepend(entry.element);
      }
      before = entry.element;
    }
    for (const [id, entry] of shown) {
      if (!kept.has(id)) { entry.element.remove(); shown.delete(id); longer.delete(id); }
    }
  };

  const refresh = (entry, episode, text) => {
    const fresh = card(episode);
    for (const old of entry.element.querySelectorAll("details.anomaly[data-filled]")) {
      const twin = [...fresh.querySelectorAll("details.anomaly")].find((each) => each.dataset.id === old.dataset.id);
      if (twin) twin.replaceWith(old);
    }
    const active = document.activeElement;
    const within = entry.element.contains(active) ? active.closest("details.anomaly") : null;
    const button = entry.element.contains(active) && active.matches(".more") ? fresh.querySelector(".more") : null;
    entry.element.replaceWith(fresh);
    Object.assign(entry, { element: fresh, episode, text });
    const next = fresh.contains(active) ? active : button || (within && summary(fresh, within.dataset.id));
    if (next) next.focus({ preventScroll: true });
  };

  const load = async () => {
    const mine = ++asked;
    const chosen = filters();
    let items = [];
    let page = null;
    for (let number = 0; number < pages; number += 1) {
      page = await EC.session.ask("api/episodes", { ...chosen, limit: PAGE, before: page ? page.next : "" });
      items = items.concat(page.items);
      if (page.next === null) break;
    }
    if (mine !== asked) return undefined;
    place(items);
    for (const hint of list().querySelectorAll(".missing")) hint.remove();
    if (!items.length) {
      const filtered = Object.entries(chosen).some(([name, value]) => value && !(name === "min_score" && value === "0"));
      list().append(el("p", { class: "missing" }, filtered ? "No anomaly passes this filter." : "No anomaly yet. They appear here as they are published."));
    }
    const anomalies = page.anomalies === 1 ? "1 anomaly" : EC.number(page.anomalies) + " anomalies";
    document.getElementById("said-anomalies").textContent =
      `${anomalies} in ${EC.number(page.total)} ${page.total === 1 ? "episode" : "episodes"}, newest first`;
    document.getElementById("more-episodes").hidden = page.next === null;
    return String(page.seen);
  };

  const start = (changed) => {
    const form = document.getElementById("filters");
    let timer = 0;
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(() => { pages = 1; longer.clear(); changed(); }, 150);
    };
    const score = () => { document.getElementById("score-shown").textContent = form.elements.min_score.value; };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => { score(); later(); });
    // The fields have their first values only after the event.
    form.addEventListener("reset", () => setTimeout(() => { score(); later(); }));
    document.getElementById("more-episodes").addEventListener("click", () => { pages += 1; changed(); });
  };

  EC.anomalies = { start, load };
})();
