// An answer token by token: each shaded by one of its numbers, all of them read out for the one pointed at or arrived at.
import { fixed, make, whole } from "./plumb.js";

const LABELS = { ratio: "Log-prob less reference", logprob: "Log-prob", ref_logprob: "Reference log-prob", value: "Value", reward: "Token reward" };
const STRONGEST = 70;

/** `shade` is what shades the tokens to begin with; `chosen` hears of another. */
export class Tokens {
  constructor(tokens, shade, chosen) {
    this.tokens = tokens;
    this.chosen = chosen;
    this.names = Object.keys(LABELS).filter((name) => tokens[name]);
    this.index = 0;
    const keys = this.names.map((name, place) => make("button", { type: "button", class: "pl-button pl-small", "data-shade": name, onclick: () => this.shade(name, true) }, `${place + 1} ${LABELS[name]}`));
    this.keys = make("div", { class: "pl-actions", role: "group", "aria-label": "Shade tokens by" }, ...keys);
    this.said = make("p", { class: "pl-tokens-said", role: "status" });
    this.spans = tokens.token.map((token, place) => make("span", { "data-place": place }, token));
    this.text = make("div", { class: "pl-text pl-tokens", tabindex: "0", role: "group", "aria-label": "Tokens. Left and right arrow keys go through them, number keys choose what shades them.", onkeydown: (event) => this.key(event), onfocus: () => this.read(this.index), onpointerover: (event) => event.target.dataset.place && this.read(Number(event.target.dataset.place)) }, ...this.spans);
    this.twin = make("div", { class: "pl-twin", hidden: true, tabindex: "0", role: "region", "aria-label": "Tokens as a table" });
    this.tabled = make("button", { type: "button", class: "pl-button pl-small", "aria-expanded": "false", onclick: () => this.table() }, "Table");
    const more = tokens.left ? make("p", { class: "pl-none" }, `${whole(tokens.left)} more tokens are not shown.`) : null;
    const parts = this.names.length ? [make("div", { class: "pl-tokens-head" }, this.keys, this.tabled)] : [make("div", { class: "pl-tokens-head" }, this.tabled)];
    this.root = make("section", { class: "pl-side pl-tokens-part" }, make("header", {}, make("strong", {}, `Tokens, ${whole(tokens.token.length + tokens.left)}`)), ...parts, this.text, more, this.said, this.twin);
    this.shade(this.names.includes(shade) ? shade : this.names[0]);
    this.read(0);
  }

  /** Colour the tokens by one of their numbers: above nought in one colour, below in another, as strong as they are far. */
  shade(name, told = false) {
    if (!name) return;
    const values = this.tokens[name];
    const far = Math.max(...values.map((value) => Math.abs(value ?? 0)), 1e-12);
    this.spans.forEach((span, place) => {
      const value = values[place] ?? 0;
      const share = Math.round((STRONGEST * Math.abs(value)) / far);
      span.style.backgroundColor = share ? `color-mix(in srgb, var(--pl-${value > 0 ? "second" : "first"}) ${share}%, transparent)` : "";
    });
    for (const key of this.keys.children) key.setAttribute("aria-pressed", String(key.dataset.shade === name));
    if (told) this.chosen(name);
  }

  read(place) {
    if (!this.spans[place]) return;
    this.spans[this.index].removeAttribute("data-current");
    this.index = place;
    this.spans[place].setAttribute("data-current", "");
    const numbers = this.names.map((name) => `${LABELS[name].toLowerCase()} ${fixed(this.tokens[name][place], 3)}`);
    this.said.textContent = [`Token ${whole(place + 1)} “${this.tokens.token[place]}”`, ...numbers].join(" · ");
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to = { ArrowRight: this.index + 1, ArrowLeft: this.index - 1, Home: 0, End: this.spans.length - 1 }[event.key];
    const name = this.names[Number(event.key) - 1];
    if (to === undefined && !name) return;
    event.preventDefault();
    if (name) return this.shade(name, true);
    this.read(Math.max(0, Math.min(this.spans.length - 1, to)));
    this.spans[this.index].scrollIntoView({ block: "nearest" });
  }

  table() {
    const open = this.twin.toggleAttribute("hidden") === false;
    this.tabled.setAttribute("aria-expanded", String(open));
    if (!open || this.twin.childElementCount) return;
    const head = make("tr", {}, ...["", "Token", ...this.names.map((name) => LABELS[name])].map((label) => make("th", { scope: "col" }, label)));
    const rows = this.tokens.token.map((token, place) => make("tr", {}, make("td", { class: "pl-number" }, whole(place + 1)), make("td", {}, token), ...this.names.map((name) => make("td", { class: "pl-number" }, fixed(this.tokens[name][place], 4)))));
    this.twin.append(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  }
}
