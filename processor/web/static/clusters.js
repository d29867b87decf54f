"use strict";
// The cluster table: sorted, searched and paged by the service.
(() => {
  const { el } = EC;
  const PAGE = 50;
  const COLUMNS = [
    ["size", "Size", true], ["kind", "Kind", false], ["scope", "Host", false], ["program", "Program", false],
    ["account", "Account", false], ["text", "Exemplar", false], ["vectors", "Forms", true], ["first", "First", false], ["last", "Last", false],
  ];
  const SORTED = new Set(["size", "program", "account", "vectors", "first", "last"]);
  let sort = "size";
  let order = "desc";
  let offset = 0;
  let asked = 0;

  const head = (changed) => {
    const cells = COLUMNS.map(([name, title, number]) => {
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
      const label = SORTED.has(name) ? el("button", { type: "button", onclick: turn }, title + arrow) : title;
      return el("th", { scope: "col", "data-name": name, class: number ? "number" : "", "aria-sort": SORTED.has(name) ? state : null }, label);
    });
    document.querySelector("#clusters thead").replaceChildren(el("tr", {}, cells));
  };

  const row = (one) => el("tr", { "data-key": one.key },
    el("td", { class: "number" }, EC.number(one.size)),
    el("td", {}, el("span", { class: "tag " + one.kind }, one.kind), one.cluster < 0 ? [" ", el("span", { class: "tag alarm" }, "noise")] : null),
    el("td", {}, one.scope),
    el("td", {}, one.program),
    el("td", {}, one.account),
    el("td", { class: "text", title: one.text }, el("div", {}, one.text.slice(0, 400))),
    el("td", { class: "number" }, EC.number(one.vectors)),
    el("td", { class: "time" }, EC.when(one.first)),
    el("td", { class: "time" }, EC.when(one.last)));

  const load = async () => {
    const mine = ++asked;
    const chosen = Object.fromEntries(new FormData(document.getElementById("cluster-filters")));
    const page = await EC.session.ask("api/clusters", { ...chosen, sort, order, limit: PAGE, offset });
    if (mine !== asked) return;
    document.querySelector("#clusters tbody").replaceChildren(...page.items.map(row));
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
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => { offset = 0; changed(); }, 150);
    });
    const turn = (by) => { offset = Math.max(0, offset + by); changed(); };
    document.getElementById("clusters-back").addEventListener("click", () => turn(-PAGE));
    document.getElementById("clusters-next").addEventListener("click", () => turn(PAGE));
  };

  EC.clusters = { start, load };
})();
