// What belongs together across figures: a mark that is pointed at or chosen on one makes its like stand out on others.
import { make } from "./plumb.js";

const EVENT = "plumb:linked";
const MOST_RINGS = 60;
const MOST_MARKS = 3000;
const PAUSE = 40;

/** The conditions of a cohort by column: a set of values or two ends; null for one that is not a plain list of them. */
export function conditions(where) {
  if (!where || where.startsWith("!") || where.includes("&")) return null;
  const found = new Map();
  for (const one of where.split(";")) {
    const equals = one.indexOf("=");
    if (equals < 0) return null;
    const wanted = one.slice(equals + 1);
    const ends = wanted.includes("|") ? [] : wanted.split("..");
    found.set(one.slice(0, equals), ends.length === 2 ? { low: end(ends[0], -Infinity), high: end(ends[1], Infinity) } : { values: new Set(wanted.split("|")) });
  }
  return found;
}

/** One end of a range as a number; a date in milliseconds of UTC. */
function end(text, open) {
  if (text === "") return open;
  if (!Number.isNaN(Number(text))) return Number(text);
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}

/** Whether rows may belong to both: they share a column, and in each that they share they meet. */
export function related(one, other) {
  let shared = 0;
  for (const [column, mine] of one) {
    const theirs = other.get(column);
    if (!theirs) continue;
    shared += 1;
    if (!meet(mine, theirs)) return false;
  }
  return shared > 0;
}

function meet(mine, theirs) {
  if (mine.values && theirs.values) return [...mine.values].some((value) => theirs.values.has(value));
  if (mine.values) return [...mine.values].some((value) => end(value, NaN) >= theirs.low && end(value, NaN) <= theirs.high);
  if (theirs.values) return meet(theirs, mine);
  return Math.min(mine.high, theirs.high) >= Math.max(mine.low, theirs.low);
}

let waiting = 0;

/** Say what is pointed at or chosen on a figure, nothing where that ended. Other figures hear it, the server does not. */
export function tell(where, from) {
  clearTimeout(waiting);
  waiting = setTimeout(() => dispatchEvent(new CustomEvent(EVENT, { detail: { where, from } })), where ? PAUSE : 2 * PAUSE);
}

/** The like of what is pointed at elsewhere, on one figure: rings around marks, frames of cells, stretches of lines. */
export class Links {
  /** `drawn()` gives the traces and the layout that are drawn, `changed` hears that other marks belong to it now. */
  constructor(owner, drawn, changed) {
    Object.assign(this, { owner, drawn, changed, found: [] });
    this.over = make("div", { class: "pl-linked-over", "aria-hidden": "true" });
    this.hear = ({ detail }) => detail.from !== owner && this.show(detail.where);
    addEventListener(EVENT, this.hear);
  }

  show(where) {
    this.where = where;
    const had = this.found.length;
    this.found = this.like(conditions(where));
    this.draw();
    if (had || this.found.length) this.changed();
  }

  /** After the figure was drawn anew. */
  again() {
    this.marks = null;
    if (this.where) this.show(this.where);
  }

  /** Which marks of a trace belong to it. */
  places(trace) {
    return this.found.filter((mark) => mark.trace === trace).map((mark) => mark.index);
  }

  /** The marks that are related; where all of them are, none stands out. */
  like(asked) {
    if (!asked) return [];
    this.marks ??= this.every();
    const own = this.marks.filter((mark) => related(asked, mark.meant));
    return own.length === this.marks.length ? [] : own;
  }

  every() {
    const found = [];
    this.drawn().traces.forEach((trace, number) => {
      const { where, cells } = trace.meta ?? {};
      if (where === undefined) return;
      const across = cells ? trace.x.length : 1;
      const kind = cells ? "cell" : trace.type === "bar" ? "bar" : "mark";
      (cells ? trace.customdata.flat() : trace.customdata).forEach((own, index) => {
        const meant = conditions(own?.[where]);
        if (!meant || found.length >= MOST_MARKS) return;
        const [x, y] = cells ? [trace.x[index % across], trace.y[Math.floor(index / across)]] : [trace.x[index], trace.y[index]];
        if (x !== null && y !== null) found.push({ trace: number, index, meant, x, y, kind, width: trace.width?.[index], axis: trace.yaxis });
      });
    });
    return found;
  }

  draw() {
    const { layout, traces } = this.drawn();
    if (!layout?.xaxis) return this.over.replaceChildren();
    const rings = this.found.slice(0, MOST_RINGS).map((mark) => ring(layout, mark));
    this.over.replaceChildren(...rings, ...this.stretches(layout, traces));
  }

  /** Of lines whose points are told by their place alone: the stretch that is meant. */
  stretches({ xaxis, yaxis }, traces) {
    const asked = conditions(this.where);
    const line = asked && traces.find((trace) => trace.meta?.along && asked.has(trace.meta.along.column));
    const meant = line && asked.get(line.meta.along.column);
    if (!meant || meant.values) return [];
    const place = (at, open) => (Number.isFinite(at) ? xaxis.d2p(at) : open);
    const [left, right] = [place(meant.low, 0), place(meant.high, xaxis._length)];
    if (right < 0 || left > xaxis._length) return [];
    const [from, to] = [Math.max(0, left - 2), Math.min(xaxis._length, right + 2)];
    return [box("pl-link-stretch", xaxis._offset + from, yaxis._offset, to - from, yaxis._length)];
  }

  leave() {
    removeEventListener(EVENT, this.hear);
  }
}

function ring(layout, { x, y, kind, width, axis }) {
  const across = layout.xaxis;
  const up = layout[(axis ?? "y").replace("y", "yaxis")] ?? layout.yaxis;
  const [left, top] = [across._offset + across.d2p(x), up._offset + up.d2p(y)];
  if (kind === "cell") {
    const [wide, high] = [Math.abs(across.d2p(1) - across.d2p(0)), Math.abs(up.d2p(1) - up.d2p(0))];
    return box("pl-link-cell", left - wide / 2, top - high / 2, wide, high);
  }
  if (kind === "bar") {
    const wide = width ? Math.abs(across.d2p(x + width) - across.d2p(x)) : 14;
    const foot = up._offset + up.d2p(0);
    return box("pl-link-cell", left - wide / 2, Math.min(top, foot), wide, Math.max(3, Math.abs(foot - top)));
  }
  return box("pl-link-ring", left - 9, top - 9, 18, 18);
}

function box(shape, left, top, width, height) {
  const found = make("div", { class: `pl-link ${shape}` });
  Object.assign(found.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  return found;
}

// ------------------------------------------------------------ tables

/** Rows of the page's tables that are about one of the values that are meant. */
function mark(where) {
  const names = new Set();
  for (const [column, { values }] of conditions(where) ?? []) {
    for (const value of values ?? []) names.add(decode(value)).add(`${decode(column).replace("slice.", "")}=${decode(value)}`);
  }
  for (const row of document.querySelectorAll(".pl-table tbody tr")) {
    row.classList.toggle("pl-linked", names.size > 0 && [...row.cells].slice(0, 2).some((cell) => names.has(cell.textContent)));
  }
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

addEventListener(EVENT, ({ detail }) => mark(detail.where));
