// The table of entries: columns, order, pages, selection, and the sizes of directories, which are
// read as they come into view.

import {byId, count, element, formatBytes, formatTime, say} from "./dom.js";

const SIZES_AT_ONCE = 4;

const CELLS = {
  where: (row) => row.where.join("/") || "(top)",
  size: (row) => (row.size === undefined ? "" : formatBytes(row.size)),
  modificationTime: (row) => formatTime(row.modificationTime),
  removalTime: (row) => formatTime(row.removalTime),
  remainingTime: (row) => count(row.remainingTime, "day"),
};

const keyOf = (row) => row.recycledItemId ?? row.path.join("/");

export class List {
  #view;      // what is shown; see show
  #marker;    // of the next page
  #boxes = new Map();  // of the rows: checkbox -> row
  #sizes;     // the cells of directories whose sizes are still to come
  #onSelect;

  constructor(onSelect) {
    this.#onSelect = onSelect;
    byId("more").onclick = () => this.#view.guard(() => this.#showMore());
    byId("all").onchange = (event) => {
      for (const box of this.#boxes.keys()) box.checked = event.target.checked;
      onSelect();
    };
  }

  // A view is {columns: [[key, label, sortable]], sort: {key, descending},
  // load(sort, marker) -> {rows, marker}, nameOf(row) -> element, sizeOf(row) -> bytes of a
  // directory, guard(action): runs it and reports what fails}. A row is an entry with `path` and
  // `where`, the path of its directory.
  async show(view) {
    this.#clear(view);
    await this.refresh(view);
  }

  // Of the same place: what is there stays until the new rows come, and what is selected then too.
  async refresh(view) {
    this.#view = view;
    const page = await view.load(view.sort, "");
    if (view !== this.#view) return;  // the user has gone on
    const selected = new Set(this.selected().map(keyOf));
    this.#clear(view);
    this.#add(page, selected);
  }

  selected() {
    return [...this.#boxes].filter(([box]) => box.checked).map(([, row]) => row);
  }

  #showHead({columns, sort}) {
    const cells = columns.map(([key, label, sortable]) => {
      if (!sortable) return element("th", {scope: "col", className: key}, label);
      const sorted = key === sort.key;
      const button = element("button", {onclick: () => this.#sortBy(key)}, label);
      const head = element("th", {scope: "col", className: key}, button);
      if (sorted) head.setAttribute("aria-sort", sort.descending ? "descending" : "ascending");
      return head;
    });
    const row = byId("head");
    row.replaceChildren(row.firstElementChild, ...cells);
  }

  #sortBy(key) {
    const {sort} = this.#view;
    const descending = sort.key === key && !sort.descending;
    Object.assign(sort, {key, descending});
    this.#view.guard(async () => {
      await this.refresh({...this.#view});
      byId("head").querySelector(`.${key} button`).focus();
    });
  }

  async #showMore() {
    const view = this.#view;
    const page = await view.load(view.sort, this.#marker);
    if (view !== this.#view) return;
    this.#add(page, new Set())[0]?.querySelector("input").focus();
  }

  #clear(view) {
    this.#sizes?.disconnect();
    this.#sizes = sizeReader(view);
    this.#boxes.clear();
    byId("rows").replaceChildren();
    byId("all").checked = false;
    byId("more").hidden = byId("empty").hidden = byId("table").hidden = true;
    this.#showHead(view);
    this.#onSelect();
  }

  #add({rows, marker}, selected) {
    const lines = rows.map((row) => this.#line(row, selected.has(keyOf(row))));
    byId("rows").append(...lines);
    this.#marker = marker;
    byId("more").hidden = !marker;
    byId("empty").hidden = this.#boxes.size > 0;
    byId("table").hidden = this.#boxes.size === 0;
    this.#onSelect();
    say(`${count(this.#boxes.size, "item")}${marker ? " so far" : ""}.`);
    return lines;
  }

  #line(row, selected) {
    const box = element("input", {type: "checkbox", checked: selected,
                                  "aria-label": `Select ${row.name}`, onchange: this.#onSelect});
    this.#boxes.set(box, row);
    const cells = this.#view.columns.slice(1).map(([key]) =>
      element("td", {className: key}, CELLS[key](row)));
    const line = element("tr", {}, element("td", {className: "box"}, box),
                         element("td", {className: `name ${row.type === "dir" ? "dir" : "file"}`},
                                 this.#view.nameOf(row)), ...cells);
    if (row.size === undefined) this.#sizes.add(line.querySelector(".size"), row);
    return line;
  }
}

// Few requests at once, the cells that came into view first.
function sizeReader(view) {
  const rows = new Map();
  const waiting = [];
  let running = 0, ended = false;
  const next = async () => {
    const cell = ended || running === SIZES_AT_ONCE ? undefined : waiting.shift();
    if (!cell) return;
    running++;
    const bytes = await view.sizeOf(rows.get(cell)).catch(() => undefined);
    if (bytes !== undefined) cell.textContent = formatBytes(bytes);
    running--;
    next();
  };
  const observer = new IntersectionObserver((seen) => {
    for (const {isIntersecting, target} of seen) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      waiting.push(target);
      next();
    }
  });
  return {
    add(cell, row) {
      rows.set(cell, row);
      observer.observe(cell);
    },
    disconnect() {
      ended = true;
      observer.disconnect();
    },
  };
}
