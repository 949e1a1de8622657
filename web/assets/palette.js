// Ctrl+K: every page, dataset, saved view and action that exists, found by a few letters, by keyboard alone.
import { listen } from "./dropzone.js";
import { icon, make, read } from "./plumb.js";

const RECENT = "plumb.recent";
const SHOWN = 60;
const ICONS = { page: "page", link: "data", action: "action" };

export default function palette({ data, setTriggerValue }) {
  const part = (window.__plumbPalette ||= new Palette());
  const { entries, project } = read(data);
  part.entries = entries;
  part.trigger = (value) => setTriggerValue("run", value);
  if (project) listen(project, (value) => setTriggerValue("arrived", value));
}

class Palette {
  constructor() {
    this.list = make("ul", { id: "pl-palette-list", role: "listbox", "aria-label": "Results", class: "pl-palette-list" });
    this.input = make("input", {
      type: "text", class: "pl-palette-input", role: "combobox", "aria-expanded": "true", "aria-controls": "pl-palette-list",
      "aria-autocomplete": "list", "aria-label": "Search pages, datasets and actions", autocomplete: "off", spellcheck: "false",
      oninput: () => this.search(),
      onkeydown: (event) => this.key(event),
    });
    this.hint = make("p", { class: "pl-palette-foot" });
    // Not a modal <dialog>: to make the whole page inert, the browser works out its style again, before one letter shows.
    this.box = make(
      "div", { class: "pl-palette", role: "dialog", "aria-modal": "true", "aria-label": "Command palette" },
      make("div", { class: "pl-palette-top" }, icon("search"), this.input, make("kbd", {}, "Esc")), this.list, this.hint,
    );
    this.cover = make("div", { class: "pl-palette-cover", popover: "manual", "data-palette": "", onclick: (event) => event.target === this.cover && this.close() }, this.box);
    document.body.append(this.cover);
    document.addEventListener("keydown", (event) => this.toggle(event), true);
    document.addEventListener("keydown", (event) => this.sequence(event));
    addEventListener("plumb:palette", () => this.open());
  }

  /** "g c": two keys within a second go to a page, unless somebody is typing. */
  sequence(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    const now = performance.now();
    const keys = this.first && now - this.pressed < 1000 ? `${this.first} ${event.key}` : "";
    this.first = event.key;
    this.pressed = now;
    const entry = keys && this.entries.find((candidate) => candidate.shortcut === keys);
    if (entry) this.run(entry, {});
  }

  toggle(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    event.stopPropagation();
    if (this.shown) this.close();
    else this.open();
  }

  get shown() {
    return this.cover.matches(":popover-open");
  }

  open() {
    if (this.shown || document.querySelector("[data-testid=stDialog]")) return;
    const large = document.querySelector("dialog:modal");
    if (large) return large.addEventListener("close", () => setTimeout(() => this.open()), { once: true }), large.close();
    this.asking = null;
    this.input.value = "";
    this.input.placeholder = "Go to a page, open a dataset, run an action…";
    this.search();
    this.back = document.activeElement;
    this.cover.showPopover();
    this.input.focus();
  }

  close() {
    if (!this.shown) return;
    this.cover.hidePopover();
    this.back?.focus?.({ preventScroll: true });
  }

  key(event) {
    event.stopPropagation();
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in steps) this.point(this.at + steps[event.key], Math.abs(steps[event.key]) === 1);
    else if (event.key === "Enter") this.choose(this.found[this.at]);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Backspace" && this.asking && !this.input.value) this.anew();
    else if (event.key !== "Tab") return; // there is nothing else to go to
    event.preventDefault();
  }

  anew() {
    this.asking = null;
    this.input.placeholder = "Go to a page, open a dataset, run an action…";
    this.search();
  }

  // ------------------------------------------------------------ finding

  search() {
    const sought = this.input.value.trim();
    this.found = this.asking ? this.answers(sought) : sought ? ranked(this.entries, sought) : withRecent(this.entries);
    this.found = this.found.slice(0, SHOWN);
    this.at = 0;
    this.draw(sought);
  }

  draw(sought) {
    const rows = [];
    let section = null;
    this.found.forEach((entry, index) => {
      if (entry.section && entry.section !== section) rows.push(make("li", { role: "presentation", class: "pl-palette-section" }, (section = entry.section)));
      rows.push(this.row(entry, index));
    });
    const empty = this.asking ? "" : "Nothing is called that. Try fewer letters.";
    this.list.replaceChildren(...(rows.length ? rows : empty ? [make("li", { role: "presentation", class: "pl-palette-none" }, empty)] : []));
    this.hint.textContent = this.asking ? `${this.asking.entry.title}: ${this.asking.question.label} — Enter to go on, Esc to leave` : "↑ ↓ to choose, Enter to open, Esc to close";
    this.point(0);
    if (sought && !this.asking) this.list.scrollTop = 0;
  }

  row(entry, index) {
    const parts = [icon(ICONS[entry.run] ?? "page"), make("span", { class: "pl-palette-title" }, entry.title), make("span", { class: "pl-palette-hint" }, entry.hint ?? "")];
    if (entry.shortcut) parts.push(make("kbd", {}, entry.shortcut));
    return make("li", { id: `pl-option-${index}`, role: "option", class: "pl-palette-row", onclick: () => this.choose(entry), onmousemove: () => this.at === index || this.point(index) }, ...parts);
  }

  point(index, around = false) {
    const last = this.found.length - 1;
    this.at = last < 0 ? -1 : around && index < 0 ? last : around && index > last ? 0 : Math.min(last, Math.max(0, index));
    for (const row of this.list.querySelectorAll("[role=option]")) row.setAttribute("aria-selected", String(row.id === `pl-option-${this.at}`));
    const row = this.list.querySelector(`#pl-option-${this.at}`);
    if (row) this.input.setAttribute("aria-activedescendant", row.id);
    else this.input.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  }

  // ------------------------------------------------------------ doing

  choose(entry) {
    if (this.asking) return this.answer(entry);
    if (!entry) return;
    remember(entry);
    const questions = Object.entries(entry.questions ?? {});
    if (questions.length) return this.ask(entry, questions, {});
    this.run(entry, {});
  }

  /** Ask for the arguments of an action one by one, in the same box. */
  ask(entry, questions, given) {
    if (!questions.length) return this.run(entry, given);
    const [[name, question], ...rest] = questions;
    this.asking = { entry, name, question: { label: name, ...question }, rest, given };
    this.input.value = question.default ?? "";
    this.input.placeholder = question.label ?? name;
    this.search();
    this.input.select();
  }

  answers(sought) {
    const { question } = this.asking;
    const options = (question.options ?? []).map((option) => (typeof option === "object" ? option : { value: option, title: String(option) }));
    return options.length ? ranked(options.map((option) => ({ run: "link", ...option })), sought) : [];
  }

  answer(entry) {
    const { entry: action, name, question, rest, given } = this.asking;
    const value = question.options ? entry?.value : this.input.value.trim();
    if (value === undefined || value === "") return;
    this.ask(action, rest, { ...given, [name]: value });
  }

  run(entry, given) {
    this.asking = null;
    this.close();
    if (entry.run === "page") {
      const links = [...document.querySelectorAll("[data-testid=stSidebarNavLink]")];
      const wanted = `/${entry.target.replace(/^\//, "").replace(/^home$/, "")}`;
      const link = links.find((candidate) => new URL(candidate.href).pathname === wanted);
      if (link) return link.click();
    }
    this.trigger({ id: entry.id, arguments: given, at: Date.now() });
  }
}

// ------------------------------------------------------------ fuzzy

/** Entries that hold the letters in order, the best first: whole words, word starts and short names win. */
export function ranked(entries, sought) {
  if (!sought) return [...entries];
  const letters = fold(sought);
  const scored = [];
  for (const entry of entries) {
    const texts = [entry.title, ...(entry.synonyms ?? []).map((word) => `${word}`), `${entry.section ?? ""} ${entry.title}`];
    const best = Math.max(...texts.map((text, index) => score(fold(text), letters) - (index === 0 ? 0 : 2)));
    if (best > -Infinity) scored.push([best, entry]);
  }
  return scored.sort((one, other) => other[0] - one[0]).map(([, entry]) => ({ ...entry, section: "" }));
}

function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

export function score(text, letters) {
  const whole = text.indexOf(letters);
  if (whole >= 0) return 100 + (whole === 0 ? 20 : /\W/.test(text[whole - 1]) ? 12 : 0) - text.length / 20;
  let place = -1;
  let total = 0;
  for (const letter of letters.replaceAll(" ", "")) {
    const next = text.indexOf(letter, place + 1);
    if (next < 0) return -Infinity;
    total += next === place + 1 ? 6 : next === 0 || /\W/.test(text[next - 1]) ? 5 : -Math.min(3, (next - place) / 4);
    place = next;
  }
  const loose = total / letters.length;
  return loose > 1.2 ? loose * 8 - text.length / 20 : -Infinity;
}

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT)) ?? [];
  } catch {
    return [];
  }
}

function remember(entry) {
  localStorage.setItem(RECENT, JSON.stringify([entry.id, ...recent().filter((id) => id !== entry.id)].slice(0, 5)));
}

function withRecent(entries) {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const used = recent().map((id) => byId.get(id)).filter(Boolean);
  return [...used.map((entry) => ({ ...entry, section: "Recent" })), ...entries.filter((entry) => !used.includes(entry))];
}
