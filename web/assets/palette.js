// Ctrl+K: every page, dataset, name, control and action that there is, found by a few letters, by keyboard alone.
import { hint, SURE, Task, wrong } from "./asking.js";
import { listen } from "./dropzone.js";
import { Index, marked, used, using } from "./found.js";
import { closeMenus, filterInFront, modified, typing } from "./keys.js";
import { controls, first, groups, liking, things } from "./offers.js";
import { icon, make, plumb, read } from "./plumb.js";
import { putRight, skipLink } from "./skip.js";
import { listenToTables } from "./tables.js";

const USED = "plumb.used";
const MOST_SHOWN = 60;
const MOST_OF_A_SECTION = 8;
const SLOW = 15000;
const SOON = 1500;
const ICONS = { page: "page", link: "data", action: "action", group: "action", file: "file", rows: "brush" };
const ASKS = "Go to a page, open a dataset, run an action…";

export default function palette({ data, setTriggerValue }) {
  const part = (window.__plumbPalette ||= new Palette());
  part.take(read(data));
  part.trigger = (value) => setTriggerValue("run", value);
  if (part.project) listen(part.project, (value) => setTriggerValue("arrived", value));
}

class Palette {
  constructor() {
    this.controls = { path: "", controls: [] };
    this.known = remembered();
    this.list = make("ul", { id: "pl-palette-list", role: "listbox", "aria-label": "Results", class: "pl-palette-list" });
    this.input = make("input", {
      type: "text", class: "pl-palette-input", role: "combobox", "aria-expanded": "true", "aria-controls": "pl-palette-list",
      "aria-autocomplete": "list", "aria-describedby": "pl-palette-way", autocomplete: "off", autocapitalize: "off", spellcheck: "false", enterkeyhint: "go",
      oninput: () => this.search(),
      onkeydown: (event) => this.key(event),
    });
    this.way = make("p", { id: "pl-palette-way", class: "pl-palette-way" });
    this.note = make("p", { class: "pl-palette-note", role: "status" });
    this.foot = make("p", { class: "pl-palette-foot" });
    // Not a modal <dialog>: to make the whole page inert, the browser works out its style again, before one letter shows.
    this.box = make(
      "div", { class: "pl-palette", role: "dialog", "aria-modal": "true", "aria-label": "Command palette" },
      this.way, make("div", { class: "pl-palette-top" }, icon("search"), this.input, make("button", { type: "button", class: "pl-palette-esc", tabindex: "-1", "aria-label": "Close", onclick: () => this.close() }, make("kbd", {}, "Esc"))), this.note, this.list, this.foot,
    );
    this.cover = make("div", { class: "pl-palette-cover", popover: "manual", "data-palette": "", onclick: (event) => event.target === this.cover && this.close() }, this.box);
    document.body.append(this.cover);
    document.body.prepend(skipLink());
    document.addEventListener("keydown", (event) => this.toggle(event), true);
    document.addEventListener("keydown", (event) => this.press(event));
    addEventListener("plumb:palette", () => this.open());
    addEventListener("plumb:shortcuts", () => this.sheet());
    addEventListener("plumb:controls", ({ detail }) => this.hear(detail));
    addEventListener("plumb:outcome", ({ detail }) => this.ended(detail));
    listenToTables();
  }

  take({ entries, groups: known, project }) {
    putRight();
    this.project = project;
    this.entries = entries;
    this.offered = [...entries, ...groups(entries, known)];
    this.index = null;
  }

  hear(told) {
    this.controls = told;
    this.index = null;
  }

  /** Everything to be found now, and its index: made when it is first asked for. */
  get all() {
    if (!this.index || this.indexed !== location.pathname) {
      const here = this.controls.path === location.pathname ? controls(this.controls.controls ?? []) : [];
      this.everything = [...here, ...this.offered];
      this.index = new Index(this.everything);
      this.indexed = location.pathname;
    }
    return this.everything;
  }

  // ------------------------------------------------------------ keys of the page

  /** "g c": two keys soon after each other go to a page; "?" and "/". Nothing of it while somebody is typing. */
  press(event) {
    if (typing(event) || modified(event) || this.shown || event.key.length !== 1) return;
    if (event.key === "?") return event.preventDefault(), this.sheet();
    if (event.key === "/") return event.preventDefault(), this.look();
    const keys = this.before && event.timeStamp - this.pressed < SOON ? `${this.before} ${event.key}` : "";
    this.before = event.key;
    this.pressed = event.timeStamp; // when it was pressed: a busy page may come to it late
    const entry = keys && this.entries.find((candidate) => candidate.shortcut === keys);
    if (!entry) return;
    this.before = "";
    event.preventDefault();
    event.stopImmediatePropagation();
    this.go(entry);
  }

  look() {
    const field = filterInFront();
    if (!field) return this.open();
    field.focus();
    field.select();
  }

  async sheet() {
    const { show } = await import("./sheet.js");
    show(this.entries.filter((entry) => entry.shortcut));
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
    this.back = document.activeElement;
    closeMenus();
    if (!this.busy) this.anew("");
    this.cover.showPopover();
    this.input.focus();
  }

  close() {
    if (!this.shown) return;
    this.cover.hidePopover();
    if (!document.querySelector("[data-testid=stDialog]")) this.back?.focus?.({ preventScroll: true });
  }

  key(event) {
    event.stopPropagation();
    if (event.isComposing || event.keyCode === 229) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const backwards = (event.key === "Backspace" && !this.input.value) || (event.key === "Tab" && event.shiftKey) || event.key === "Escape";
    if (event.key in steps) this.point(this.at + steps[event.key], Math.abs(steps[event.key]) === 1);
    else if (event.key === "Enter") this.choose(this.found[this.at]);
    else if (backwards && (this.task || this.group)) this.stepBack();
    else if (event.key === "Escape") this.close();
    else if (event.key !== "Tab") return; // there is nothing else to go to
    event.preventDefault();
  }

  // ------------------------------------------------------------ finding

  anew(sought) {
    this.task = this.group = this.busy = null;
    this.sought = sought;
    this.begin(sought, ASKS, "Search pages, datasets and actions");
  }

  /** A line to type into, with what it is for. */
  begin(value, placeholder, label, note = "", kind = "") {
    this.input.readOnly = Boolean(this.busy) || this.task?.question.kind === SURE;
    this.input.value = value;
    this.input.placeholder = placeholder;
    this.input.setAttribute("aria-label", label);
    this.input.inputMode = this.task?.question.kind === "number" ? "decimal" : "text";
    const said = this.task?.said ?? (this.group ? [this.group.label] : []);
    this.way.replaceChildren(...said.map((word) => make("span", { class: "pl-palette-crumb" }, word)));
    this.way.hidden = !said.length;
    this.say(note, kind);
    this.search();
    this.input.select();
  }

  say(note, kind = "") {
    this.note.textContent = note;
    this.note.hidden = !note;
    this.note.className = `pl-palette-note ${kind}`;
  }

  use = (entry) => used(this.known, entry.key ?? entry.id);

  search() {
    const typed = this.input.value.trim();
    if (this.busy) this.found = [];
    else if (this.task) this.found = this.answers(typed);
    else if (this.group) this.found = narrowed(things(this.group), typed);
    else this.found = typed ? this.matching(typed) : first(this.all, this.use);
    this.draw(typed);
  }

  matching(typed) {
    const all = this.all;
    this.sought = this.input.value;
    return all.length ? this.index.find(typed, (entry) => liking(entry, this.use(entry))) : [];
  }

  /** The sections in the order of their best; of each the first few, of all so many as one can look through. */
  draw(typed) {
    const searching = !this.task && !this.group;
    const sections = Map.groupBy(this.found, (entry) => entry.section ?? "");
    const most = sections.size > 1 ? MOST_OF_A_SECTION : MOST_SHOWN;
    const rows = [];
    this.found = [];
    for (const [name, all] of sections) {
      const shown = all.slice(0, Math.min(most, MOST_SHOWN - this.found.length));
      if (!shown.length) break;
      if (name) rows.push(make("li", { role: "presentation", class: "pl-palette-section" }, name, make("span", { class: "pl-palette-count" }, shown.length < all.length ? `${shown.length} of ${all.length}` : String(all.length))));
      for (const entry of shown) rows.push(this.row(entry, this.found.push(entry) - 1, typed));
    }
    if (!rows.length) rows.push(this.nothing(typed, searching));
    this.list.replaceChildren(...rows);
    this.list.setAttribute("aria-busy", String(Boolean(this.busy)));
    this.foot.textContent = searching ? "↑ ↓ choose · Enter open · Esc close · ? all keys" : [this.task ? hint(this.task.question) : "Type to narrow, Enter to choose", "Esc goes back"].filter(Boolean).join(" · ");
    this.point(this.preferred());
    if (typed) this.list.scrollTop = 0;
  }

  nothing(typed, searching) {
    if (this.busy || (!searching && !(this.task?.question.options?.length || this.group))) return make("li", { role: "presentation", class: "pl-palette-none", hidden: true });
    const advice = searching ? "Try fewer letters, the name of a file, or what you want to know, such as “drift” or “which is better”." : "Try fewer letters.";
    return make("li", { role: "presentation", class: "pl-palette-none" }, make("strong", {}, `Nothing is called “${typed}”.`), make("span", {}, advice));
  }

  /** The answer that is taken where nobody chooses another. */
  preferred() {
    const question = this.task?.question;
    if (!question?.options?.length || this.input.value) return 0;
    const wanted = this.task.given[question.name] ?? question.default;
    return Math.max(0, this.found.findIndex((entry) => entry.value === wanted));
  }

  row(entry, index, typed) {
    const title = marked(entry.title, typed).map(([piece, hit]) => (hit ? make("mark", {}, piece) : piece));
    const parts = [icon(entry.ticked ? "check" : (ICONS[entry.run] ?? "page")), make("span", { class: "pl-palette-title", title: entry.title }, ...title), make("span", { class: "pl-palette-hint" }, entry.hint ?? "")];
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
    if (this.at === 0) this.list.scrollTop = 0;
  }

  // ------------------------------------------------------------ asking

  choose(entry) {
    if (this.busy) return;
    if (this.task) return this.answer(entry);
    if (!entry) return;
    if (entry.whole) return this.ask(entry.whole, [this.group.label]);
    if (entry.run === "group") {
      remember((this.known = using(this.known, entry.id)));
      this.group = entry;
      return this.begin("", `${entry.label}: which?`, entry.label);
    }
    this.ask(entry, []);
  }

  /** Ask what is missing, step by step in the same box; do at once what nothing is missing of. */
  ask(entry, before) {
    if (!before.length) remember((this.known = using(this.known, entry.key ?? entry.id)));
    this.task = new Task(before.length ? { ...entry, title: entry.thing } : entry, entry.questions ?? [], before);
    this.step();
  }

  step(note = "", kind = "") {
    if (this.task.done) return this.do();
    const { question } = this.task;
    const warning = question.kind === SURE ? this.task.entry.warning : "";
    this.ticked = new Set(question.kind === "several" ? (this.task.given[question.name] ?? question.chosen ?? []) : []);
    this.begin(this.task.proposed, question.label, question.label || "Are you sure?", note || warning, kind || (warning && "pl-palette-warning"));
  }

  stepBack() {
    if (this.busy) return this.close();
    if (this.task?.back()) return this.step();
    if (this.task && this.group) {
      this.task = null;
      return this.begin("", `${this.group.label}: which?`, this.group.label);
    }
    this.anew(this.sought);
  }

  answers(typed) {
    const { question } = this.task;
    if (question.kind === SURE) return [{ title: `Yes: ${this.task.said.slice(0, 2).join(" ")}`, value: true, run: "action" }, { title: "No, go back", value: false, run: "page" }];
    const options = (question.options ?? []).map(([value, title]) => ({ value, title, run: "link", ticked: this.ticked.has(value) }));
    if (question.kind === "several") return [{ title: `Go on with ${this.ticked.size}`, value: undefined, run: "action" }, ...narrowed(options, typed)];
    return options.length ? narrowed(options, typed) : [];
  }

  answer(entry) {
    const { question } = this.task;
    if (question.kind === SURE) {
      if (entry?.value === false) return this.stepBack();
      return this.task.take(true), this.step();
    }
    if (question.kind === "several" && entry?.value !== undefined) {
      if (!this.ticked.delete(entry.value)) this.ticked.add(entry.value);
      return this.search();
    }
    const value = question.kind === "several" ? [...this.ticked] : question.options?.length ? entry?.value : this.input.value.trim();
    if (value === undefined) return;
    const fault = wrong(question, value);
    if (fault) return this.say(fault, "pl-palette-error");
    this.task.take(value);
    this.step();
  }

  // ------------------------------------------------------------ doing

  do() {
    const { entry, questions } = this.task;
    const asked = questions.length > 0 || entry.warning;
    this.answered = asked ? this.task : null;
    if (!asked || entry.away) return this.go(entry);
    this.busy = setTimeout(() => {
      this.busy = null;
      this.say("There is no word of it yet. It may still be done: look before you do it again.", "pl-palette-error");
    }, SLOW);
    this.begin("", "", "Working", "Working…", "pl-palette-busy");
    this.tell(entry, this.task.given);
  }

  /** Go to a page, or do what nothing is to be asked about. */
  go(entry) {
    this.task = this.group = null;
    this.close();
    if (["page", "link"].includes(entry.run)) plumb.socket?.readyState === 1 && plumb.socket.send("walked");
    if (entry.run === "file") return make("a", { href: entry.target, download: true }).click();
    if (entry.run === "page") {
      const links = [...document.querySelectorAll("[data-testid=stSidebarNavLink]")];
      const wanted = `/${entry.target.replace(/^\//, "").replace(/^home$/, "")}`;
      const link = links.find((candidate) => new URL(candidate.href).pathname === wanted);
      if (link) return link.click();
    }
    this.tell(entry, entry.given ?? {});
  }

  tell(entry, given) {
    this.trigger({ id: entry.id, arguments: given, at: Date.now() });
  }

  /** What became of it: the end, or back to where it was asked with what was answered, and what is wrong. */
  ended({ error, number }) {
    if (number === this.heard) return;
    this.heard = number;
    clearTimeout(this.busy);
    this.busy = null;
    const task = this.answered;
    this.answered = null;
    if (!error) return task && this.task === task ? ((this.task = this.group = null), this.close()) : undefined;
    if (!this.shown) this.open();
    if (!task) return this.say(error, "pl-palette-error");
    this.task = task;
    task.at = Math.max(0, task.questions.length - 1);
    this.step(error, "pl-palette-error");
  }
}

/** Those that hold what was typed, the best first; all of them as they are where nothing was typed. */
function narrowed(entries, typed) {
  return typed ? new Index(entries).find(typed).map((entry) => ({ ...entry, section: "" })) : entries;
}

function remembered() {
  try {
    const known = JSON.parse(localStorage.getItem(USED));
    return known && typeof known === "object" ? known : {};
  } catch {
    return {};
  }
}

function remember(known) {
  localStorage.setItem(USED, JSON.stringify(known));
}
