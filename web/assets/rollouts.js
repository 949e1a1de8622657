// The answers of a policy: sorted, filtered, found by text, page by page; one of them opens with all that is known of it.
import { Answer, ask } from "./rollout.js";
import { Address, fixed, make, read, whole } from "./plumb.js";

const SIZE = 50;
const TYPING = 350;
const TELLING = 400;
const USUAL = { steps: "", cut: "", find: "", sort: "reward", order: "desc", at: "1", open: "", pair: "", shade: "" };
const NARROWING = new Set(["steps", "cut", "find", "sort", "order"]);
const WHOLE = new Set(["length", "step", "truncated"]);
const SHOWN = new Set(["step", "reward", "length", "kl"]);

export default function rollouts({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const part = (parentElement.__rollouts ||= new Rollouts(parentElement));
  part.tell = (shown) => setTriggerValue("show", shown);
  part.take(given);
  return () => part.leave();
}

/** A number of a column as the list shows it. */
function cell(name, value) {
  if (value === null || value === undefined) return "–";
  return WHOLE.has(name) ? whole(value) : fixed(value, 3);
}

class Rollouts {
  constructor(parent) {
    this.state = { ...USUAL };
    this.address = new Address();
    this.rows = [];
    this.total = 0;
    this.sorts = [];
    this.build(parent);
    this.answer = new Answer({ show: (change) => this.show(change), go: (step) => this.go(step), closed: () => this.closed() });
    this.listen = (event) => this.key(event);
    document.addEventListener("keydown", this.listen);
  }

  build(parent) {
    const later = (name) => (event) => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => {
        this.typing = undefined;
        this.show({ [name]: event.target.value.trim() });
      }, TYPING);
    };
    this.sort = make("select", { onchange: () => this.show({ sort: this.sort.value }) });
    this.order = make("button", { type: "button", class: "pl-button pl-small", onclick: () => this.show({ order: this.state.order === "asc" ? "desc" : "asc" }) });
    const number = (label, side) => make("input", { type: "number", step: "1", class: "pl-roll-step", "aria-label": label, placeholder: label === "First step" ? "from" : "to", onchange: () => this.steps(side) });
    this.from = number("First step", 0);
    this.to = number("Last step", 1);
    this.cut = make("select", { onchange: () => this.show({ cut: this.cut.value }) }, ...[["", "All"], ["1", "Truncated"], ["0", "Whole"]].map(([value, text]) => make("option", { value }, text)));
    this.find = make("input", { type: "search", class: "pl-filter", autocomplete: "off", spellcheck: "false", maxlength: "200", placeholder: "Find in prompts and answers", "aria-label": "Find in prompts and answers", oninput: later("find") });
    this.cutField = field("Answers", this.cut);
    this.clear = make("button", { type: "button", class: "pl-button pl-small", onclick: () => this.show({ steps: "", cut: "", find: "" }) }, "All answers");
    const head = make("div", { class: "pl-roll-head" }, field("Sort by", this.sort, this.order), field("Steps", this.from, make("span", {}, "to"), this.to), this.cutField, this.find, this.clear);
    this.said = make("p", { class: "pl-roll-said", role: "status" });
    this.headings = make("tr");
    this.body = make("tbody");
    this.frame = make("div", { class: "pl-scroll pl-roll-frame", role: "region", "aria-label": "Answers", tabindex: "-1" }, make("table", { class: "pl-list pl-roll" }, make("thead", {}, this.headings), this.body));
    const page = (label, step) => make("button", { type: "button", class: "pl-button pl-small", onclick: () => this.show({ at: String(Number(this.state.at) + step) }) }, label);
    this.earlier = page("Previous page", -1);
    this.further = page("Next page", 1);
    this.place = make("span", { class: "pl-quiet" });
    this.foot = make("div", { class: "pl-roll-foot" }, this.earlier, this.place, this.further);
    this.root = parent.appendChild(make("div", { class: "pl-rollouts" }, head, this.said, this.frame, this.foot));
  }

  // ------------------------------------------------------------ what is shown

  /** What the address says is shown, unless it is one of the changes that it was told of: then the last of these counts. */
  take(given) {
    const newer = this.given?.version !== given.version || this.given?.query !== given.query;
    this.given = given;
    const shown = JSON.stringify(spare(given.shown));
    if (this.address.news(shown) && !this.telling && !this.typing) this.state = { ...USUAL, ...given.shown };
    this.fill();
    this.fetch(newer);
    this.reveal();
  }

  /** Change what is shown; the address hears of it a moment later. */
  show(change) {
    this.state = { ...this.state, ...(Object.keys(change).some((name) => NARROWING.has(name)) ? { at: "1" } : {}), ...change };
    this.fill();
    this.fetch();
    this.reveal();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      this.telling = undefined;
      const shown = JSON.stringify(spare(this.state));
      if (shown === this.address.last) return;
      this.address.tell(shown);
      this.tell(spare(this.state));
    }, TELLING);
  }

  steps() {
    const [from, to] = [this.from.value, this.to.value].map((text) => (text === "" ? "" : String(Math.trunc(Number(text)))));
    this.show({ steps: from || to ? `${from}..${to}` : "" });
  }

  /** The controls as the state has them; what somebody types in stays as it is. */
  fill() {
    const [from = "", to = ""] = this.state.steps.split("..");
    for (const [input, value] of [[this.from, from], [this.to, to], [this.find, this.state.find]]) if (document.activeElement !== input && !(this.typing && input === this.find)) input.value = value;
    const sorts = this.sorts.length ? this.sorts : [{ name: this.state.sort, label: this.state.sort }];
    this.sort.replaceChildren(...sorts.map(({ name, label }) => make("option", { value: name }, label)));
    this.sort.value = this.state.sort;
    const rising = this.state.order === "asc";
    this.order.textContent = rising ? "Lowest first" : "Highest first";
    this.order.setAttribute("aria-label", `${this.order.textContent}; turn round`);
    this.cut.value = this.state.cut;
    this.clear.hidden = !(this.state.steps || this.state.cut || this.state.find);
  }

  // ------------------------------------------------------------ rows

  get source() {
    const asked = new URLSearchParams(this.given.query);
    for (const name of NARROWING) if (this.state[name] !== USUAL[name]) asked.set(name, this.state[name]);
    asked.set("skip", String((Math.max(1, Number(this.state.at) || 1) - 1) * SIZE));
    return `/view/rollouts/rows?${asked}`;
  }

  async fetch(again = false) {
    const source = this.source;
    if (source === this.fetched && !again) return;
    this.fetched = source;
    this.frame.toggleAttribute("data-waiting", true);
    const found = await ask(source);
    if (source !== this.fetched) return;
    this.frame.removeAttribute("data-waiting");
    if (found.rows) this.fillRows(found);
    else this.fail(found.message);
  }

  fail(message) {
    this.rows = [];
    this.body.replaceChildren();
    this.frame.hidden = this.foot.hidden = true;
    const again = make("button", { type: "button", class: "pl-linkish", onclick: () => this.fetch(true) }, "Try again");
    this.said.replaceChildren(message ?? "These answers could not be fetched.", " ", again);
  }

  fillRows({ rows, total, sorts, cut }) {
    Object.assign(this, { rows, total, sorts });
    if (total && !rows.length) return this.show({ at: "1" });
    this.cutField.hidden = !cut;
    this.fill();
    const first = (Math.max(1, Number(this.state.at)) - 1) * SIZE + 1;
    this.said.textContent = total ? `${whole(first)} to ${whole(first + rows.length - 1)} of ${whole(total)} answers` : "No answer is like this. Widen the steps, or seek another text.";
    this.frame.hidden = !rows.length;
    this.columns = [["step", "Step"], ["reward", "Reward"], ...(SHOWN.has(this.state.sort) ? [] : [["key", sorts.find(({ name }) => name === this.state.sort)?.label ?? this.state.sort]]), ["length", "Length"], ["kl", "KL"]];
    this.columns = this.columns.filter(([name]) => name === "step" || name === "reward" || rows.some((row) => row[name] !== null));
    const named = rows.some((row) => row.run) && new Set(rows.map((row) => row.run)).size > 1;
    this.headings.replaceChildren(...this.columns.map(([name, label]) => make("th", { scope: "col", class: "pl-number", "aria-sort": this.sorted(name) }, label)), ...(named ? [make("th", { scope: "col" }, "Run")] : []), make("th", { scope: "col" }, "Prompt"), make("th", { scope: "col" }, "Answer"));
    this.body.replaceChildren(...rows.map((row, index) => this.line(row, index, named)));
    const pages = Math.max(1, Math.ceil(total / SIZE));
    this.foot.hidden = pages < 2 && first === 1;
    this.place.textContent = `Page ${whole(Number(this.state.at))} of ${whole(pages)}`;
    this.earlier.disabled = first === 1;
    this.further.disabled = Number(this.state.at) >= pages;
    if (this.wanted !== undefined) this.go(0);
  }

  sorted(name) {
    const by = name === "key" || name === this.state.sort;
    return by ? (this.state.order === "asc" ? "ascending" : "descending") : null;
  }

  line(row, index, named) {
    const open = () => this.show({ open: row.row, pair: "" });
    const numbers = this.columns.map(([name, label]) => make("td", { class: "pl-number", "data-label": label }, cell(name === "key" ? this.state.sort : name, row[name])));
    const button = make("button", { type: "button", class: "pl-roll-open", onclick: open, onfocus: () => (this.index = index) }, row.text || "This file holds no text for it.");
    return make("tr", { onclick: (event) => event.target.closest("button") || open() }, ...numbers, ...(named ? [make("td", { "data-label": "Run" }, make("bdi", {}, row.run))] : []), make("td", { class: "pl-roll-prompt", "data-label": "Prompt" }, make("span", {}, row.prompt)), make("td", { class: "pl-roll-text", "data-label": "Answer" }, button));
  }

  // ------------------------------------------------------------ one answer

  /** Open or close the answer that the state names. */
  reveal() {
    const index = this.rows.findIndex((row) => row.row === this.state.open);
    const place = index < 0 ? "" : `${whole((Number(this.state.at) - 1) * SIZE + index + 1)} of ${whole(this.total)}`;
    if (this.state.open) this.answer.open(this.given.query, this.state, place);
    else this.answer.close();
  }

  closed() {
    if (this.state.open) this.show({ open: "", pair: "" });
    this.focus(this.index ?? 0);
  }

  /** The next answer or the one before, on the next page where this one ends. */
  go(step) {
    if (this.wanted !== undefined) {
      const end = this.wanted < 0 ? this.rows.length - 1 : 0;
      this.wanted = undefined;
      if (this.rows.length) this.show({ open: this.rows[end].row, pair: "" });
      return;
    }
    const index = this.rows.findIndex((row) => row.row === this.state.open) + step;
    if (this.rows[index]) this.show({ open: this.rows[index].row, pair: "" }), (this.index = index);
    else if (step > 0 ? !this.further.disabled : !this.earlier.disabled) (this.wanted = step), this.show({ at: String(Number(this.state.at) + step) });
  }

  focus(index) {
    const buttons = this.body.querySelectorAll(".pl-roll-open");
    buttons[Math.max(0, Math.min(buttons.length - 1, index))]?.focus();
  }

  key(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected) return;
    const step = { n: 1, j: 1, p: -1, k: -1 }[event.key];
    if (this.answer.shown) {
      if (step && event.target.closest?.("dialog") === this.answer.dialog) this.go(step);
      return;
    }
    if (event.target.closest?.("dialog")) return;
    const arrow = this.body.contains(event.target) ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : undefined;
    if (!step && !arrow) return;
    if (arrow) event.preventDefault();
    const within = this.body.contains(document.activeElement);
    this.focus(within ? this.index + (step ?? arrow) : this.index ?? 0);
  }

  leave() {
    document.removeEventListener("keydown", this.listen);
    clearTimeout(this.typing);
    clearTimeout(this.telling);
    this.answer.leave();
  }
}

/** What is not as usual. */
function spare(state) {
  return Object.fromEntries(Object.keys(USUAL).filter((name) => state[name] && state[name] !== USUAL[name]).map((name) => [name, state[name]]));
}

function field(label, ...controls) {
  return make("label", { class: "pl-roll-field" }, make("span", {}, label), make("span", { class: "pl-roll-controls" }, ...controls));
}
