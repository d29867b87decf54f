"use strict";
// The cluster table: sorted, searched and paged by the service.
(() => {
  const { el } = EC;
  const PAGE = 50;
  // Characters that two lines of the table hold.
  const SHORT = 80;
  // Name, title, whether it holds numbers, what it means.
  const COLUMNS = [
    ["size", "Size", true, "events"], ["kind", "Kind", false], ["host", "Host", false, "of the exemplar; below it the scope, where that is another"], ["program", "Program", false, "of the exemplar"],
    ["account", "Account", false, "of the exemplar"], ["text", "Exemplar", false, "the first event of the cluster's oldest form"],
    ["vectors", "Forms", true, "distinct feature vectors"], ["first", "First", false, "start of the pane, UTC"], ["last", "Last", false, "start of the pane, UTC"],
  ];
  let sort = "size";
  let order = "desc";
  let offset = 0;
  let asked = 0;
  let shown = new Map();

  const head = (changed) => {
    const cells = COLUMNS.map(([name, title, number, why]) => {
      const state = name === sort ? (order === "desc" ? "descending" : "ascending") : "none";
      const arrow = name === sort ? (order === "desc" ? " ▼" : " ▲") : "";
      const turn = () => {
        order = name === sort && order === "desc" ? "asc" : "desc";
        sort = name;
        offset = 0;
        head(changed);
        document.querySelector(`#clusters th[data-name="${name}"] button`).focus();
        changed();
      };
      return el("th", { scope: "col", "data-name": name, class: number ? "number" : "", title: why, "aria-sort": state },
        el("button", { type: "button", onclick: turn }, title + arrow));
    });
    document.querySelector("#clusters thead").replaceChildren(el("tr", {}, cells));
  };

  // Too long for its column an account breaks after its domain.
  const account = (name) => name.split(/(?<=\\)/).flatMap((part, i) => (i ? [el("wbr"), part] : [part]));

  const row = (one) => el("tr", { "data-key": one.key },
    el("td", { class: "number" }, EC.number(one.size)),
    el("td", {}, el("span", { class: "tag " + one.kind }, one.kind), one.cluster < 0 ? [" ", el("span", { class: "tag alarm" }, "noise")] : null),
    el("td", { class: "name", title: one.host }, one.host, one.scope && one.scope !== one.host ? el("span", { class: "muted", title: one.scope }, one.scope) : null),
    el("td", { class: "wrap" }, one.program),
    el("td", { class: "wrap" }, account(one.account)),
    // A long exemplar opens to all of it.
    el("td", { class: "text" }, one.text.length > SHORT ? el("details", {}, el("summary", {}, one.text)) : one.text),
    el("td", { class: "number" }, EC.number(one.vectors)),
    el("td", { class: "time", title: EC.when(one.first) }, EC.when(one.first).slice(0, 16)),
    el("td", { class: "time", title: EC.when(one.last) }, EC.when(one.last).slice(0, 16)));

  // Rows that did not change stay as they are: what is open stays open.
  const place = (items) => {
    const rows = items.map((one) => {
      const text = JSON.stringify(one);
      const old = shown.get(one.key);
      return [one.key, old && old.text === text ? old : { text, element: row(one) }];
    });
    shown = new Map(rows);
    document.querySelector("#clusters tbody").replaceChildren(...rows.map(([, { element }]) => element));
  };

  const load = async () => {
    const mine = ++asked;
    const chosen = Object.fromEntries(new FormData(document.getElementById("cluster-filters")));
    const page = await EC.session.ask("api/clusters", { ...chosen, sort, order, limit: PAGE, offset });
    if (mine !== asked) return;
    place(page.items);
    const counted = page.stream_time === null ? "not counted yet" : "as of " + EC.when(page.stream_time) + " UTC, event time";
    document.getElementById("said-clusters").textContent =
      `${EC.number(page.clusters)} clusters and ${EC.number(page.noise)} forms outside of them, ${counted}; ${EC.number(page.total)} match`;
    const end = Math.min(offset + PAGE, page.total);
    document.getElementById("clusters-page").textContent = page.total ? `${EC.number(offset + 1)} to ${EC.number(end)} of ${EC.number(page.total)}` : "none";
    document.getElementById("clusters-back").disabled = offset === 0;
    document.getElementById("clusters-next").disabled = end >= page.total;
  };

  const start = (changed) => {
    head(changed);
    const form = document.getElementById("cluster-filters");
    let timer = 0;
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(() => { offset = 0; changed(); }, 150);
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", later);
    form.addEventListener("reset", later);
    const turn = (by) => { offset = Math.max(0, offset + by); changed(); };
    document.getElementById("clusters-back").addEventListener("click", () => turn(-PAGE));
    document.getElementById("clusters-next").addEventListener("click", () => turn(PAGE));
  };

  EC.clusters = { start, load };
})();
