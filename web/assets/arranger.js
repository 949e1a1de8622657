// Arranging the cards of a page: which come first, which are wide, which are hidden. By mouse and by keyboard.
import { icon, make } from "./plumb.js";

const PARTS = ["order", "wide", "half", "hidden"];

export class Arranger {
  /** `root` holds the cards; `tell` keeps a layout, null as it is for everybody. */
  constructor(root, tell) {
    this.root = root;
    this.tell = tell;
    this.said = make("span", { class: "pl-unseen", "aria-live": "polite" });
    const button = (label, act) => make("button", { type: "button", class: "pl-button pl-small", onclick: act }, label);
    this.start = make("button", { type: "button", class: "pl-tool pl-tool-text", "aria-label": "Arrange the cards of this page", onclick: () => this.turn(true) }, icon("arrange"), make("span", { class: "pl-tool-word" }, "Arrange this page"));
    this.bar = make("div", { class: "pl-arrange-bar", role: "group", "aria-label": "Arrange", hidden: true },
      make("span", {}, "Drag a card by its handle, or use the arrow keys on it."), button("As for everybody", () => this.reset()), button("Done", () => this.turn(false)));
    this.foot = make("div", { class: "pl-arrange" }, this.start, this.said);
    root.before(this.bar);
    root.after(this.foot);
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.on && this.turn(false));
  }

  /** Cards as they are given, put in order and size as chosen; hidden ones are left out. */
  arranged(cards, layout) {
    this.given = cards;
    this.layout = Object.fromEntries(PARTS.map((part) => [part, [...(layout?.[part] ?? [])]]));
    this.foot.hidden = cards.filter((card) => !card.bare).length < 2;
    const place = new Map(this.layout.order.map((key, index) => [key, index]));
    const usual = cards.map((card, index) => ({ ...card, index }));
    const chosen = usual.filter((card) => place.has(card.key)).sort((one, other) => place.get(one.key) - place.get(other.key));
    const sorted = usual.map((card) => (place.has(card.key) ? chosen.shift() : card));
    return sorted.filter((card) => this.on || card.bare || !this.layout.hidden.includes(card.key)).map((card) => ({ ...card, half: this.half(card) }));
  }

  half(card) {
    if (this.layout.half.includes(card.key)) return true;
    return this.layout.wide.includes(card.key) ? false : card.half;
  }

  turn(on) {
    this.on = on;
    this.start.hidden = on;
    this.bar.hidden = !on;
    this.root.toggleAttribute("data-arranging", on);
    this.renew();
    (on ? this.root.querySelector(".pl-arrange-grip") : this.start)?.focus();
  }

  /** The handle and the buttons of a card while the page is being arranged. */
  handles(section, card) {
    section.querySelector(":scope > .pl-arrange-card")?.remove();
    section.toggleAttribute("data-hidden-card", Boolean(this.on && this.layout.hidden.includes(card.key)));
    if (!this.on || card.bare) return;
    const name = title(section, card);
    const tool = (shape, label, act, pressed) => make("button", { type: "button", class: "pl-tool", "aria-label": `${label}: ${name}`, title: label, "aria-pressed": pressed === undefined ? null : String(pressed), onclick: act }, icon(shape));
    const grip = tool("grip", "Move", () => {});
    grip.classList.add("pl-arrange-grip");
    grip.draggable = true;
    grip.addEventListener("dragstart", (event) => this.lift(event, section, card.key));
    grip.addEventListener("keydown", (event) => this.step(event, card.key));
    const hidden = this.layout.hidden.includes(card.key);
    const bar = make("div", { class: "pl-arrange-card" }, grip, make("span", {}, name), tool("wide", "Wide", () => this.widen(card), !card.half), tool("hide", hidden ? "Show" : "Hide", () => this.hide(card.key), hidden));
    section.prepend(bar);
    section.ondragover = (event) => this.over(event, section);
    section.ondrop = (event) => this.drop(event);
  }

  lift(event, section, key) {
    this.lifted = key;
    event.dataTransfer.setData("text/plain", key);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(section, 20, 20);
    section.classList.add("pl-arrange-lifted");
    section.addEventListener("dragend", () => section.classList.remove("pl-arrange-lifted"), { once: true });
  }

  over(event, section) {
    if (!this.lifted) return;
    event.preventDefault();
    const key = section.dataset.card;
    if (key !== this.lifted) this.put(this.lifted, this.keys().indexOf(key));
  }

  drop(event) {
    if (!this.lifted) return;
    event.preventDefault();
    this.lifted = null;
    this.keep();
  }

  step(event, key) {
    const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const keys = this.keys();
    const to = keys.indexOf(key) + step;
    if (to < 0 || to >= keys.length) return;
    this.put(key, to);
    this.keep();
    this.root.querySelector(`[data-card="${CSS.escape(key)}"] .pl-arrange-grip`)?.focus();
    this.said.textContent = `Place ${to + 1} of ${keys.length}`;
  }

  keys() {
    return this.arranged(this.given, this.layout).filter((card) => !card.bare).map((card) => card.key);
  }

  put(key, to) {
    const keys = this.keys().filter((one) => one !== key);
    keys.splice(to, 0, key);
    this.layout.order = keys;
    this.renew();
  }

  widen(card) {
    const wide = card.half;
    for (const part of ["wide", "half"]) this.layout[part] = this.layout[part].filter((key) => key !== card.key);
    this.layout[wide ? "wide" : "half"].push(card.key);
    this.keep();
    this.renew();
  }

  hide(key) {
    const hidden = this.layout.hidden.includes(key);
    this.layout.hidden = this.layout.hidden.filter((one) => one !== key);
    if (!hidden) this.layout.hidden.push(key);
    this.keep();
    this.renew();
  }

  reset() {
    this.layout = Object.fromEntries(PARTS.map((part) => [part, []]));
    this.tell(null);
    this.renew();
  }

  keep() {
    this.tell(this.layout);
  }
}

function title(section, card) {
  return section.querySelector("h2")?.textContent || card.key.replaceAll("-", " ");
}
