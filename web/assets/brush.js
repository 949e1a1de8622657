// Marks chosen on a figure: what they say together, the rows behind them, and looking at these rows alone.
import { Pairs } from "./pairs.js";
import { icon, make, whole } from "./plumb.js";

const REST = "!";
const TOGETHER = "&";
const CONDITIONS = ";";
const RANGE = "..";
const VALUES = "|";

/** One condition for several: the values of all, or from the lowest to the highest; null where they do not go together. */
export function union(wheres) {
  if (!wheres.length) return null;
  const parted = wheres.map((where) => {
    const end = Math.max(where.lastIndexOf(TOGETHER), where.lastIndexOf(CONDITIONS)) + 1;
    const equals = where.indexOf("=", end);
    return { before: where.slice(0, equals + 1), wanted: where.slice(equals + 1) };
  });
  const { before } = parted[0];
  if (parted.some((one) => one.before !== before)) return null;
  const wanted = parted.map((one) => one.wanted);
  const ranges = wanted.map((one) => (one.includes(VALUES) ? [one] : one.split(RANGE)));
  if (ranges.every((ends) => ends.length === 2)) return before + [least(ranges.map(([low]) => low), -1), least(ranges.map(([, high]) => high), 1)].join(RANGE);
  if (ranges.some((ends) => ends.length === 2)) return null;
  return before + [...new Set(wanted.flatMap((one) => one.split(VALUES)))].join(VALUES);
}

/** The outermost end of some ranges; an open one is further out than any other. Dates are compared as they are written. */
function least(ends, side) {
  if (ends.includes("")) return "";
  const value = (end) => (Number.isNaN(Number(end)) ? Date.parse(end) : Number(end));
  return ends.reduce((one, other) => (side * (value(other) - value(one)) > 0 ? other : one));
}

/** A button that makes room for a name, and hands on what was typed. */
function namer(named) {
  const open = make("button", { type: "button", class: "pl-button pl-small", onclick: () => toggle(true) }, "Name…");
  const input = make("input", { type: "text", maxlength: "100", required: true, placeholder: "Name of these rows", "aria-label": "Name of these rows" });
  const leave = (event) => event.key === "Escape" && (event.stopPropagation(), toggle(false));
  const form = make("form", { class: "pl-namer", hidden: true, onkeydown: leave, onsubmit: (event) => {
    event.preventDefault();
    if (input.value.trim()) named(input.value.trim());
    toggle(false);
  } }, input, make("button", { type: "submit", class: "pl-button pl-small pl-primary" }, "Save"));
  const toggle = (typing) => {
    form.hidden = !typing;
    open.hidden = typing;
    input.value = "";
    (typing ? input : open).focus();
  };
  return make("span", { class: "pl-namer-place" }, open, form);
}

/** What is chosen on one figure. `show` draws it, `look` looks at a cohort alone, `query` is the one of the page. */
export class Brush {
  constructor({ query, look, name, changed }) {
    Object.assign(this, { query, look, changed });
    this.chosen = new Map();
    this.said = make("span", { class: "pl-brush-said", "aria-live": "polite" });
    const button = (label, onclick) => make("button", { type: "button", class: "pl-button pl-small", onclick }, label);
    this.bar = make(
      "div",
      { class: "pl-brush", role: "group", "aria-label": "Chosen marks", hidden: true },
      this.said,
      (this.rows = button("Show rows", () => this.open(this.where()))),
      (this.points = make("span", { class: "pl-brush-note", hidden: true }, "The points of a log are its rows.")),
      button("Only these", () => this.look(this.where())),
      button("All others", () => this.look(REST + this.where())),
      (this.naming = namer((given) => name({ name: given, where: this.where() }))),
      button("Clear", () => this.clear()),
    );
  }

  /** Of a training log there are no rows to show beside the points themselves. */
  ofLog(log) {
    this.rows.hidden = log;
    this.points.hidden = !log;
  }

  where() {
    return union([...this.chosen.keys()]);
  }

  /** Take these marks instead: pairs of what the rows behind each are, and its name. */
  take(marks) {
    this.chosen = new Map(marks.filter(([where]) => where));
    if (this.chosen.size && this.where() === null) this.chosen = new Map([...this.chosen].slice(0, 1));
    this.show();
  }

  /** Choose a mark, or leave it out again. */
  toggle(where, name) {
    if (this.chosen.has(where)) this.chosen.delete(where);
    else if (union([...this.chosen.keys(), where]) !== null) this.chosen.set(where, name);
    else this.chosen = new Map([[where, name]]);
    this.show();
  }

  clear() {
    if (!this.chosen.size) return;
    this.chosen = new Map();
    this.show();
  }

  show() {
    const names = [...this.chosen.values()];
    this.bar.hidden = !names.length;
    this.said.textContent = names.length === 1 ? names[0] : `${names.length} chosen: ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}`;
    this.changed();
  }

  /** The rows of a cohort, side by side in a window of their own. */
  open(where, title = this.said.textContent) {
    const page = new URLSearchParams(this.query());
    const asked = new URLSearchParams({ where });
    for (const [name, to] of [["dataset", "dataset"], ["beside", "beside"], ["slice", "slice"], ["where", "within"]]) if (page.get(name)) asked.set(to, page.get(name));
    const dialog = make("dialog", { class: "pl-large pl-behind", "aria-label": "Rows", onclose: () => close() });
    const count = make("span", { class: "pl-behind-count", "aria-live": "polite" });
    const body = make("div", { class: "pl-behind-body" });
    const alone = make("button", { type: "button", class: "pl-button pl-small", onclick: () => (dialog.close(), this.look(where)) }, "Only these");
    const shut = make("button", { type: "button", class: "pl-tool", "aria-label": "Close the rows", onclick: () => dialog.close() }, icon("close"));
    dialog.append(make("header", { class: "pl-large-head" }, make("div", {}, make("h2", {}, title), count), make("div", { class: "pl-behind-acts" }, alone, shut)), body);
    const before = document.activeElement;
    const pairs = new Pairs(body, (given) => (count.textContent = told(given)));
    const close = () => {
      pairs.leave();
      dialog.remove();
      before?.focus?.();
    };
    document.body.append(dialog);
    dialog.showModal();
    pairs.load(`/view/rows?${asked}`);
  }
}

function told({ rows, total }) {
  if (!total) return "No row belongs to it.";
  return rows.length < total ? `The first ${rows.length} of ${whole(total)} rows` : total === 1 ? "One row" : `${whole(total)} rows`;
}
