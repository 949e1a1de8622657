// Rows that somebody looks after: people, members, sessions, tokens, lines of the audit. Found by typing, acted on by menu.
import { ago, icon, make, moment, read, whole } from "./plumb.js";
import { menu, sureButton } from "./menu.js";
import { keepRow } from "./tables.js";

const MOMENT = 60000;
const SHOWN = 200;

export default function listing({ data, parentElement, setTriggerValue }) {
  const part = (parentElement.__listing ||= new Listing(parentElement));
  part.act = (name, id) => setTriggerValue("act", { name, id, at: Date.now() });
  part.take(read(data));
  return () => clearInterval(part.clock);
}

class Listing {
  constructor(parent) {
    this.found = make("span", { class: "pl-quiet", role: "status" });
    this.input = make("input", { type: "search", class: "pl-filter", autocomplete: "off", spellcheck: "false", oninput: () => this.filter() });
    this.head = make("div", { class: "pl-listing-head" });
    this.rows = make("tbody");
    this.frame = make("div", { class: "pl-scroll pl-listing-frame", role: "region", tabindex: "0" });
    this.none = make("p", { class: "pl-none" });
    parent.append(make("div", { class: "pl-listing" }, this.head, this.frame, this.none));
  }

  take(given) {
    clearInterval(this.clock);
    this.clock = setInterval(() => this.tick(), MOMENT);
    const print = JSON.stringify(given);
    if (print === this.print) return;
    this.print = print;
    this.given = given;
    this.input.placeholder = given.filter;
    this.input.setAttribute("aria-label", given.filter);
    this.head.replaceChildren(...(given.filter ? [this.input, this.found] : []), ...given.links.map(link));
    this.head.hidden = !this.head.childElementCount;
    this.frame.setAttribute("aria-label", given.label);
    const names = given.columns.map((name) => make("th", { scope: "col" }, name || make("span", { class: "pl-unseen" }, "Actions")));
    this.frame.replaceChildren(make("table", { class: "pl-list" }, make("thead", {}, make("tr", {}, ...names)), this.rows));
    this.texts = given.rows.map((row) => fold(words(row.cells)));
    this.filter();
  }

  row(row) {
    const cells = row.cells.map((cell, index) => make("td", { "data-label": this.given.columns[index] }, ...content(cell)));
    if (this.given.columns.at(-1) === "") cells.push(make("td", { class: "pl-list-acts" }, this.acts(row)));
    return make("tr", { "data-id": row.id, "data-quiet": row.quiet }, ...cells);
  }

  acts(row) {
    const choose = (name) => this.act(name, row.id);
    if (row.acts.length === 1) return sureButton({ class: "pl-button pl-small", "aria-label": `${row.acts[0][1]} ${row.name}` }, row.acts[0], choose);
    return row.acts.length ? menu(`pl-list-menu-${this.given.key}-${row.id}`, `What can be done with ${row.name}`, row.acts, choose) : null;
  }

  /** Rows that hold every word that was typed; of very many, only the first are drawn. */
  filter() {
    const sought = fold(this.input.value).split(/\s+/).filter(Boolean);
    const found = this.given.rows.filter((row, index) => sought.every((word) => this.texts[index].includes(word)));
    const all = this.given.rows.length;
    keepRow(this.rows, () => this.rows.replaceChildren(...found.slice(0, SHOWN).map((row) => this.row(row))));
    const count = sought.length ? `${whole(found.length)} of ${whole(all)}` : "";
    this.found.textContent = found.length > SHOWN ? `The first ${SHOWN} of ${whole(found.length)}; type to find the others` : count;
    this.none.textContent = all ? "Nobody and nothing here is called that." : this.given.empty;
    this.none.hidden = found.length > 0;
    this.frame.hidden = found.length === 0;
  }

  tick() {
    for (const time of this.rows.querySelectorAll("time:not(.pl-list-moment)")) time.textContent = when(time.dateTime);
  }
}

function link([label, href]) {
  return make("a", { class: "pl-button pl-small pl-listing-link", href, download: true }, icon("file"), label);
}

/** A cell is a text, or a list whose first entry is its kind. What people typed stands apart from the words around it. */
function content(cell) {
  if (!Array.isArray(cell)) return [make("bdi", {}, cell)];
  const [kind, ...rest] = cell;
  return KINDS[kind](...rest);
}

const KINDS = {
  name: (name, tags, beside) => [
    make("span", { class: "pl-list-name" }, make("bdi", {}, name), ...tags.map((tag) => make("span", { class: "pl-tag" }, tag))),
    beside ? make("span", { class: "pl-list-beside" }, make("bdi", {}, beside)) : null,
  ],
  tags: (tags, missing) => [tags.length ? make("span", { class: "pl-list-tags" }, ...tags.map((tag) => make("span", { class: "pl-tag" }, tag))) : make("span", { class: "pl-quiet" }, missing)],
  quiet: (text) => [make("bdi", { class: "pl-quiet" }, text)],
  code: (text) => [make("code", {}, text)],
  time: (at, missing) => [at ? make("time", { datetime: at, title: moment(at, true), class: "pl-quiet" }, when(at)) : make("span", { class: "pl-quiet" }, missing)],
  moment: (at) => [make("time", { datetime: at, class: "pl-list-moment" }, moment(at, true))],
};

/** How long ago, or how soon. */
function when(at) {
  const left = Date.parse(at) - Date.now();
  if (left <= 0) return ago(at);
  return left < 172800000 ? `in ${Math.max(1, Math.round(left / 3600000))} h` : `in ${Math.round(left / 86400000)} d`;
}

/** All that is written in cells. */
function words(cells) {
  return cells.flatMap((cell) => (Array.isArray(cell) ? cell.slice(1).flat() : cell)).join(" ");
}

function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
