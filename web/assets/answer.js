// The answer: its sentence and its key numbers, put right by events without a rerun.
import { ago, beside, estimate, glow, icon, make, plumb, put, read, STATES, tone, whole } from "./plumb.js";
import { showPartial } from "./run.js";

export default function answer({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const part = (parentElement.__answer ||= new Answer(parentElement));
  part.open = () => setTriggerValue("open", given.dataset);
  part.take(given);
  return () => part.leave();
}

export class Answer {
  constructor(parent) {
    this.root = parent.appendChild(make("section", { class: "pl-answer", "aria-label": "Answer" }));
    this.clock = setInterval(() => this.tick(), 5000);
  }

  take(given) {
    const stamp = `${given.dataset}/${given.view}`;
    const stale = this.stamp === stamp && this.version > given.version;
    this.off?.();
    this.given = given;
    if (!stale) this.renew(given, stamp);
    this.off = plumb.follow(given, (kind, body) => this.heard(kind, body));
  }

  /** A newer version, or the answer of a part of one: that stands below until the whole of it is there. */
  heard(kind, body) {
    if (kind === "partial") showPartial(this.partial, body);
    if (kind !== "version") return;
    this.partial.hidden = true;
    this.moved(body);
  }

  renew(given, stamp) {
    if (this.stamp !== stamp || this.shape !== given.numbers.map((number) => number.name).join()) this.build(given);
    this.stamp = stamp;
    this.show(given);
  }

  build(given) {
    this.shape = given.numbers.map((number) => number.name).join();
    this.sentence = make("p", { class: "pl-sentence", "data-live": "sentence" });
    this.meta = make("p", { class: "pl-meta" });
    this.numbers = make("dl", { class: "pl-numbers" }, ...given.numbers.map((number) => this.number(number)));
    this.partial = make("section", { class: "pl-partial", "aria-label": "Partial answer of newer rows", hidden: true });
    const head = make("div", { class: "pl-answer-head" }, this.sentence, this.meta);
    this.root.setAttribute("aria-label", given.title ? `Answer of ${given.title}` : "Answer");
    this.root.classList.toggle("pl-answer-small", Boolean(given.small));
    this.root.replaceChildren(...(given.title ? [this.title(given)] : []), head, this.numbers, this.partial);
  }

  title(given) {
    return make("h2", { class: "pl-answer-title" }, make("button", { type: "button", class: "pl-linkish", onclick: () => this.open() }, given.title));
  }

  number({ name, label, help }) {
    const term = make("dt", {}, label, help ? hint(label, help) : null);
    const value = make("dd", { class: "pl-value", "data-live": `estimate:${name}` });
    const side = make("dd", { class: "pl-beside", "data-live": `interval:${name}` });
    return make("div", { class: "pl-number-card", "data-number": name }, term, value, side);
  }

  /** Show a state of the answer: from the page, from an event or from a view. */
  show(state) {
    const first = this.version === undefined;
    this.version = state.version;
    this.root.dataset.version = state.version;
    this.root.dataset.verdict = state.verdict;
    this.root.dataset.tone = tone(state.verdict);
    this.speak(state.sentence, first);
    for (const { name } of this.given.numbers) {
      const found = state.estimates[name];
      put(this.root.querySelector(`[data-live="estimate:${name}"]`), estimate(name, found?.value));
      const side = this.root.querySelector(`[data-live="interval:${name}"]`);
      const text = beside(name, found);
      if (side && side.textContent !== text) side.textContent = text;
    }
    this.numbers.hidden = Object.keys(state.estimates).length === 0;
    this.at = state.at ?? new Date().toISOString();
    this.count(state);
    this.last = state;
    this.shown?.(state);
  }

  /** The verdict before the colon weighs more than the rest; no line begins with a per cent sign or inside an interval. */
  speak(told, first) {
    const sentence = told.replaceAll(" %", "\u00a0%").replaceAll(/\[([^\s[\]]+), ([^\s[\]]+)\]/g, "[$1,\u00a0$2]");
    if (this.sentence.textContent === sentence) return;
    const colon = sentence.indexOf(": ");
    const parts = colon > 0 && colon < 40 ? [make("strong", {}, sentence.slice(0, colon + 1)), sentence.slice(colon + 1)] : [sentence];
    this.sentence.replaceChildren(...parts);
    if (!first && parts[0].textContent !== this.said) glow(this.sentence);
    this.said = parts[0].textContent;
  }

  count(state) {
    const rows = make("span", { "data-live": "rows" }, whole(state.rows));
    this.when = make("span", {}, ago(this.at));
    const noun = this.given.noun;
    const parts = [rows, ` ${noun}, version `, make("span", { "data-live": "version" }, String(state.version)), ", ", this.when];
    if (this.given.live) parts.unshift(make("span", { class: "pl-tag" }, make("span", { class: "pl-dot" }), make("span", { "data-plumb-status": "" }, STATES[plumb.state])), " ");
    this.meta.replaceChildren(...parts);
  }

  tick() {
    if (this.when && this.at) this.when.textContent = ago(this.at);
  }

  /** A newer version: its default answer came with the event; any other view of it is fetched. */
  async moved(body) {
    const version = body.version ?? this.version + 1;
    if (version <= this.version) return;
    const compact = body.answer;
    if (this.given.plain && compact?.analysis === this.given.analysis) return this.show({ ...compact, version: body.version });
    this.wanted = Math.max(this.wanted ?? 0, version);
    if (this.fetching) return;
    this.fetching = true;
    try {
      while (this.wanted > this.version) {
        const view = await plumb.view(this.given.view, this.wanted);
        if (view.version <= this.version) break;
        this.show(view);
      }
    } catch {
      this.wanted = this.version;
    } finally {
      this.fetching = false;
    }
  }

  leave() {
    this.off?.();
    clearInterval(this.clock);
  }
}

let hints = 0;

/** A small button that opens what the number means: definition, formula in words, source. */
export function hint(label, help) {
  const id = `pl-hint-${(hints += 1)}`;
  const paragraphs = [help.what, help.formula && `How: ${help.formula}`, help.source && `Source: ${help.source}`].filter(Boolean);
  const bubble = make("div", { id, popover: "auto", class: "pl-hint", role: "note" }, make("strong", {}, label), ...paragraphs.map((text) => make("p", {}, text)));
  const button = make("button", { type: "button", class: "pl-ask", "aria-label": `What is ${label}?`, popovertarget: id }, icon("help"));
  bubble.addEventListener("beforetoggle", (event) => event.newState === "open" && requestAnimationFrame(() => place(bubble, button)));
  const both = document.createDocumentFragment();
  both.append(button, bubble);
  return both;
}

function place(bubble, button) {
  const spot = button.getBoundingClientRect();
  const width = bubble.offsetWidth;
  bubble.style.left = `${Math.max(12, Math.min(innerWidth - width - 12, spot.left - 16))}px`;
  const below = spot.bottom + 8;
  bubble.style.top = below + bubble.offsetHeight > innerHeight ? `${Math.max(12, spot.top - bubble.offsetHeight - 8)}px` : `${below}px`;
}
