// The most confidently wrong rows, one at a time, side by side; n and p (or j and k) go through them.
import { fixed, make, read } from "./plumb.js";

const NEAR = "300px";
const STANDSTILL = 250;

export default function pairs({ data, parentElement }) {
  const given = read(data);
  const part = (parentElement.__pairs ||= new Pairs(parentElement));
  part.load(given.address);
  return () => part.leave();
}

/** `taken` hears of what was fetched. */
export class Pairs {
  constructor(parent, taken = () => {}) {
    this.taken = taken;
    this.index = 0;
    this.rows = [];
    this.list = make("ol", { class: "pl-pairs-list", "aria-label": "Rows" });
    this.detail = make("article", { class: "pl-pair", tabindex: "-1", "aria-live": "polite" });
    this.root = parent.appendChild(make("div", { class: "pl-pairs" }, this.list, this.detail));
    this.listen = (event) => this.key(event);
    document.addEventListener("keydown", this.listen);
    this.near = new IntersectionObserver(([entry]) => this.come(entry.isIntersecting), { rootMargin: NEAR });
    this.near.observe(this.root);
  }

  /** Other rows are wanted; those shown before stay until the new ones are there. */
  load(address) {
    if (address === this.address) return;
    this.address = address;
    this.root.toggleAttribute("data-waiting", true);
    this.ask();
  }

  come(near) {
    this.close = near;
    this.ask();
  }

  /** Finding the rows is work: they are fetched when they are about to be seen, and after the pictures of the page. */
  ask() {
    clearTimeout(this.soon);
    if (this.close && this.address !== this.fetched) this.soon = setTimeout(() => this.fetch(this.address), STANDSTILL);
  }

  async fetch(address) {
    this.fetched = address;
    const given = await fetch(address, { headers: { accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : null))
      .catch(() => null);
    if (address !== this.address) return;
    this.root.toggleAttribute("data-waiting", false);
    if (given) this.take(given.rows), this.taken(given);
    else this.fail(address);
  }

  fail(address) {
    const again = make("button", { type: "button", class: "pl-button pl-small", onclick: () => this.fetch(address) }, "Try again");
    this.list.replaceChildren();
    this.detail.replaceChildren(make("p", { class: "pl-none" }, "These rows could not be fetched. "), again);
  }

  take(rows) {
    this.rows = rows;
    this.index = Math.max(0, Math.min(this.index, this.rows.length - 1));
    this.list.replaceChildren(...this.rows.map((row, index) => this.line(row, index)));
    this.show(this.index);
  }

  line(row, index) {
    const title = row.prompt_text || row.prompt || `Row ${index + 1}`;
    const button = make("button", { type: "button", onclick: () => this.show(index) }, make("b", {}, row.sure), make("span", {}, title.slice(0, 140)));
    return make("li", {}, button);
  }

  key(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const elsewhere = event.target.closest?.("dialog") !== this.root.closest("dialog");
    if (typing || elsewhere || event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected) return;
    const step = { n: 1, j: 1, p: -1, k: -1 }[event.key];
    if (!step) return;
    if (!this.rows.length) return this.root.scrollIntoView({ block: "center" });
    this.show(Math.min(this.rows.length - 1, Math.max(0, this.index + step)));
    this.list.children[this.index].scrollIntoView({ block: "nearest" });
  }

  show(index) {
    this.index = index;
    [...this.list.querySelectorAll("button")].forEach((button, place) => button.setAttribute("aria-current", String(place === index)));
    const row = this.rows[index];
    if (!row) return this.detail.replaceChildren();
    const head = make("header", { class: "pl-pair-head" }, make("h3", {}, row.said), make("span", { class: "pl-pair-place" }, `${index + 1} of ${this.rows.length}`));
    const facts = make("dl", { class: "pl-facts" }, ...row.facts.flatMap(([name, value]) => [make("div", {}, make("dt", {}, name), make("dd", {}, value))]));
    const sides = row.sides.map((side) => this.side(side));
    this.detail.replaceChildren(head, facts, ...(row.prompt_text ? [fold("Prompt", row.prompt_text, "pl-prompt")] : []), make("div", { class: `pl-sides pl-sides-${sides.length}` }, ...sides));
  }

  side({ name, badge, tone, score, text }) {
    const head = make("header", {}, make("strong", {}, name), badge ? make("span", { class: `pl-badge pl-badge-${tone}` }, badge) : null, score === null ? null : make("span", { class: "pl-score" }, `score ${fixed(score, 2)}`));
    return make("section", { class: `pl-side pl-side-${tone}` }, head, text ? longText(text) : make("p", { class: "pl-none" }, "This file holds no text for it."));
  }

  leave() {
    document.removeEventListener("keydown", this.listen);
    this.near.disconnect();
    clearTimeout(this.soon);
  }
}

const LONG = 900;

export function fold(name, text, kind) {
  return make("section", { class: kind }, make("header", {}, make("strong", {}, name)), longText(text));
}

/** Text as it is written; what is long is folded. */
export function longText(text) {
  const body = make("div", { class: "pl-text" }, text);
  if (text.length <= LONG) return body;
  body.classList.add("pl-folded");
  const more = make("button", { type: "button", class: "pl-linkish", "aria-expanded": "false", onclick: () => {
    const open = body.classList.toggle("pl-folded");
    more.textContent = open ? "Show all" : "Show less";
    more.setAttribute("aria-expanded", String(!open));
  } }, "Show all");
  return make("div", {}, body, more);
}

