// Sorts, filters and unfolds. The page is whole without it: all that it shows stands in the document,
// and no text becomes markup.
(() => {
  "use strict";
  const element = (id) => document.getElementById(id);
  const table = element("overview");
  if (!table) return;
  const body = table.tBodies[0];
  const step = 100;
  const collator = new Intl.Collator("en", { numeric: true });
  const rows = Array.from(body.rows, (row) => ({
    row,
    keys: Array.from(row.cells, (cell) => Number(cell.dataset.k ?? NaN)),
    name: row.cells[0].textContent,
    text: row.textContent.toLowerCase(),
    grade: row.dataset.grade,
    verdict: row.dataset.verdict,
  }));
  const places = new Map();
  let shown = rows.slice();
  let limit = step;
  let order = { column: -1, down: false };

  const fold = (line) => {
    const details = line.querySelector("details");
    const place = places.get(details.id);
    places.delete(details.id);
    line.previousElementSibling?.querySelector("a")?.setAttribute("aria-expanded", "false");
    line.remove();
    details.open = false;
    place.replaceWith(details);
  };
  const foldAll = () => body.querySelectorAll(":scope > .unfolded").forEach(fold);

  const show = () => {
    foldAll();
    body.replaceChildren(...shown.slice(0, limit).map(({ row }) => row));
    element("more").hidden = shown.length <= limit;
    element("shown").textContent = shown.length === rows.length
      ? `${rows.length} hosts` : `${shown.length} of ${rows.length} hosts`;
  };

  const unfold = (row) => {
    const link = row.cells[0].querySelector("a");
    const details = element(link.hash.slice(1));
    // A large page may still be on its way: then the browser's own jump has to do.
    if (!details || places.has(details.id)) return false;
    const place = document.createComment(details.id);
    details.before(place);
    places.set(details.id, place);
    const line = document.createElement("tr");
    line.className = "unfolded";
    const cell = line.insertCell();
    cell.colSpan = row.cells.length;
    cell.append(details);
    row.after(line);
    link.setAttribute("aria-expanded", "true");
    details.open = true;
    return true;
  };

  const choose = () => {
    const words = element("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = element("verdict").value;
    const grade = element("grade").value;
    shown = rows.filter((one) => (!verdict || one.verdict === verdict) && (!grade || one.grade === grade)
      && words.every((word) => one.text.includes(word)));
    limit = step;
    sort();
  };

  const sort = () => {
    const { column, down } = order;
    if (column >= 0) {
      const sign = down ? -1 : 1;
      shown.sort((one, other) => {
        const [a, b] = [one.keys[column], other.keys[column]];
        const first = Number.isNaN(a) ? collator.compare(one.name, other.name) : a - b;
        return sign * first || collator.compare(one.name, other.name);
      });
    }
    show();
  };

  body.addEventListener("click", (event) => {
    const link = event.target.closest("th > a");
    if (!link) return;
    const row = link.closest("tr");
    const next = row.nextElementSibling;
    if (next?.classList.contains("unfolded")) {
      fold(next);
      event.preventDefault();
    } else if (unfold(row)) {
      event.preventDefault();
    }
  });

  // A host that is closed by its own heading goes back too. The event does not bubble.
  body.addEventListener("toggle", (event) => {
    const line = event.target.closest(".unfolded");
    if (!line || event.target.open) return;
    const link = line.previousElementSibling.querySelector("a");
    fold(line);
    link.focus();
  }, true);

  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      order = { column, down: order.column === column && !order.down };
      Array.from(head.parentElement.cells).forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      sort();
    });
  });

  const follow = () => {
    const found = location.hash
      && rows.find(({ row }) => row.cells[0].querySelector("a").hash === location.hash);
    if (!found) return;
    if (!shown.includes(found)) {
      ["find", "verdict", "grade"].forEach((id) => { element(id).value = ""; });
      choose();
    }
    if (!found.row.isConnected) {
      limit = shown.indexOf(found) + 1;
      show();
    }
    unfold(found.row);
    found.row.scrollIntoView();
  };

  element("find").addEventListener("input", choose);
  element("verdict").addEventListener("change", choose);
  element("grade").addEventListener("change", choose);
  element("more").addEventListener("click", () => {
    limit += step;
    show();
  });
  // On paper everything stands in its place.
  addEventListener("beforeprint", () => {
    foldAll();
    body.replaceChildren(...shown.map(({ row }) => row));
  });
  addEventListener("afterprint", show);
  addEventListener("hashchange", follow);
  document.addEventListener("DOMContentLoaded", follow);
  element("controls").hidden = false;
  show();
})();
