"use strict";
// The report's own part: plotly out of this very file, the plots, and a table that sorts and searches.
(() => {
  const unpacked = async () => {
    const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = await new Response(stream).blob();
    return URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  };

  const draw = async () => {
    const data = JSON.parse(document.getElementById("plot-data").textContent);
    EC.plots.address = unpacked;
    try {
      await EC.plots.plotly();
      await EC.plots.show(document.getElementById("plots"), data);
    } catch (error) {
      document.getElementById("said-plots").textContent = "The plots need a newer browser: " + error.message;
    }
  };

  const table = () => {
    const body = document.querySelector("#clusters tbody");
    if (!body) return;
    const rows = [...body.rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const form = document.getElementById("cluster-filters");
    form.addEventListener("submit", (event) => event.preventDefault());
    const filter = () => {
      const text = form.elements.q.value.toLowerCase();
      const chosen = (name, row) => ["", row.dataset[name]].includes(form.elements[name].value);
      let shown = 0;
      rows.forEach((row, i) => { row.hidden = !(texts[i].includes(text) && chosen("kind", row) && chosen("show", row)); shown += row.hidden ? 0 : 1; });
      document.getElementById("said-clusters").textContent = `${EC.number(shown)} of ${EC.number(rows.length)} rows`;
    };
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    document.querySelectorAll("#clusters th").forEach((head, column) => {
      const title = head.textContent;
      const button = EC.el("button", { type: "button" }, title);
      head.replaceChildren(button);
      button.addEventListener("click", () => sort(body, rows, head, column));
    });
  };

  const sort = (body, rows, head, column) => {
    const falling = head.getAttribute("aria-sort") !== "descending";
    document.querySelectorAll("#clusters th").forEach((each) => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const value = (row) => { const cell = row.cells[column]; return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value); };
    const order = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
    body.append(...[...rows].sort((a, b) => (falling ? -1 : 1) * order(value(a), value(b))));
  };

  table();
  draw();
})();
