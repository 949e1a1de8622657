// The cards below an answer, as one part of the page: text, tables, code, and other parts inside them.
import { Arranger } from "./arranger.js";
import chart from "./chart.js";
import decision from "./decision.js";
import files from "./files.js";
import links from "./links.js";
import newer from "./newer.js";
import pairs from "./pairs.js";
import { arrange, copy, icon, make, read } from "./plumb.js";
import rollouts from "./rollouts.js";
import surface from "./surface.js";
import timeline from "./timeline.js";

/** Letters from which on a cell is broken into lines. */
const LONG = 40;
const PARTS = { chart, decision, files, links, newer, pairs, rollouts, surface, timeline };

export default function cards({ data, parentElement, setTriggerValue }) {
  const shown = (parentElement.__cards ||= new Cards(parentElement));
  shown.act = (part, name, value) => setTriggerValue("acted", { part, name, value, at: Date.now() });
  const { cards: given, layout, controls } = read(data);
  shown.show(given, layout);
  dispatchEvent(new CustomEvent("plumb:controls", { detail: { path: location.pathname, controls } }));
  return () => shown.leave();
}

class Cards {
  constructor(parent) {
    this.sections = new Map();
    this.parts = new Map();
    this.root = parent.appendChild(make("div", { class: "pl-cards" }));
  }

  /** Show cards as they were arranged, where the page may be. */
  show(given, layout) {
    if (layout !== undefined && !this.arranger) {
      this.arranger = new Arranger(this.root, (kept) => this.act("", "arrange", kept));
      this.arranger.renew = () => this.show(this.given, this.arranger.layout);
    }
    this.given = given;
    this.take(this.arranger ? this.arranger.arranged(given, this.arranger.on ? this.arranger.layout : layout) : given);
  }

  /** Show these cards: what is the same stays as it is, parts are given their data. */
  take(given) {
    const living = new Set();
    arrange(this.root, given.map((card) => this.section(card)));
    for (const card of given) for (const [block, name, key, data] of card.blocks) if (block === "part") this.give(name, key, data, living);
    for (const key of this.sections.keys()) if (!given.some((card) => card.key === key)) this.sections.delete(key);
    for (const [key, part] of this.parts) if (!living.has(key)) this.end(key, part);
  }

  section(card) {
    const kind = card.bare ? "pl-cards-bare" : card.half ? "pl-card pl-cards-half" : "pl-card";
    const section = this.sections.get(card.key) ?? make("section", { "data-card": card.key });
    this.sections.set(card.key, section);
    section.className = kind;
    const print = JSON.stringify(card.blocks, (name, value) => (Array.isArray(value) && value[0] === "part" ? value.slice(0, 3) : value));
    if (section.__print !== print) arrange(section, card.blocks.map((block) => this.block(block)));
    section.__print = print;
    this.arranger?.handles(section, card);
    return section;
  }

  block([kind, ...rest]) {
    return BLOCKS[kind] ? BLOCKS[kind](...rest) : this.place(rest[1]).element;
  }

  /** Where a part lives: the same element for as long as it is shown. */
  place(key) {
    if (!this.parts.has(key)) this.parts.set(key, { element: make("div", { class: "pl-part" }) });
    return this.parts.get(key);
  }

  give(name, key, data, living) {
    living.add(key);
    const part = this.place(key);
    part.leave = PARTS[name]({ data, parentElement: part.element, setTriggerValue: (trigger, value) => this.act(key, trigger, value) });
  }

  end(key, part) {
    part.leave?.();
    part.element.remove();
    this.parts.delete(key);
  }

  leave() {
    for (const part of this.parts.values()) part.leave?.();
  }
}

const BLOCKS = {
  title: (text) => make("h2", { class: "pl-title" }, text),
  text: (text) => make("p", { class: "pl-explain" }, text),
  strong: (text) => make("p", { class: "pl-strong" }, text),
  warning: (text) => make("p", { class: "pl-warning", role: "note" }, text),
  facts: (pairs) => make("dl", { class: "pl-evidence" }, ...pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
  table,
  code,
  fold: (title, blocks) => make("details", { class: "pl-fold" }, make("summary", {}, title), ...blocks.map(([kind, ...rest]) => BLOCKS[kind](...rest))),
};

function table(label, columns, rows, chosen) {
  const head = make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name)));
  const body = rows.map((row, index) => make("tr", { "aria-current": String(index === chosen) }, ...row.map((cell) => make("td", { class: String(cell).length > LONG ? "pl-long" : null }, cell))));
  return make("div", { class: "pl-scroll pl-tall", tabindex: "0", role: "region", "aria-label": label }, make("table", { class: "pl-table" }, make("thead", {}, head), make("tbody", {}, ...body)));
}

function code(text) {
  const button = make("button", { type: "button", class: "pl-button pl-small", onclick: () => copy(text, button) }, icon("copy"), make("span", {}, "Copy"));
  return make("div", { class: "pl-code" }, make("pre", { tabindex: "0" }, make("code", {}, text)), button);
}
