// One answer in a window of its own: its numbers and texts, its tokens, and its prompt from step to step.
import { changes } from "./diff.js";
import { fold, longText } from "./pairs.js";
import { fixed, icon, make, whole } from "./plumb.js";
import { Tokens } from "./tokens.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH, EDGE] = [640, 96, 8];

/** `show` changes what is shown, `go` leads to the next answer, `closed` hears that it was closed. */
export class Answer {
  constructor({ show, go, closed }) {
    this.show = show;
    this.go = go;
    this.closed = closed;
    this.title = make("h2", { id: "pl-rollout-title" });
    this.place = make("span", { class: "pl-pair-place", "aria-live": "polite" });
    const tool = (label, act) => make("button", { type: "button", class: "pl-button pl-small", onclick: act }, label);
    const shut = make("button", { type: "button", class: "pl-tool", "aria-label": "Close the answer", onclick: () => this.dialog.close() }, icon("close"));
    const head = make("header", { class: "pl-large-head" }, make("div", {}, this.title, this.place), make("div", { class: "pl-behind-acts" }, tool("Previous", () => go(-1)), tool("Next", () => go(1)), shut));
    this.body = make("div", { class: "pl-rollout" });
    this.dialog = make("dialog", { class: "pl-large pl-rollout-window", "aria-labelledby": "pl-rollout-title", onclose: () => this.shut() }, head, this.body);
    document.body.append(this.dialog);
  }

  get shown() {
    return this.dialog.open;
  }

  open(query, state, place) {
    this.place.textContent = place;
    this.state = state;
    if (!this.dialog.open) this.dialog.showModal();
    const address = `${query}&row=${encodeURIComponent(state.open)}`;
    if (address === this.address) return this.sides?.();
    this.address = address;
    this.sides = undefined;
    this.load(query, address);
  }

  async load(query, address) {
    this.body.toggleAttribute("data-waiting", true);
    const row = await ask(`/view/rollouts/row?${address}`);
    if (address !== this.address) return;
    this.body.removeAttribute("data-waiting");
    if (!row.row) return this.body.replaceChildren(make("p", { class: "pl-none" }, row.message ?? "This answer could not be fetched."));
    this.query = query;
    this.draw(row);
    if (row.prompt) this.follow(row, address);
  }

  draw(row) {
    this.title.textContent = `Reward ${fixed(row.reward, 3)}${row.step === null ? "" : ` at step ${whole(row.step)}`}`;
    const facts = make("dl", { class: "pl-facts" }, ...row.facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
    const parts = [facts];
    if (row.prompt_text) parts.push(fold("Prompt", row.prompt_text, "pl-prompt"));
    const text = row.text ? longText(row.text) : make("p", { class: "pl-none" }, "This file holds no text for it.");
    parts.push(make("section", { class: "pl-side" }, make("header", {}, make("strong", {}, "Answer")), text));
    if (row.tokens) parts.push(new Tokens(row.tokens, this.state.shade, (shade) => this.show({ shade })).root);
    this.course = make("section", { class: "pl-rollout-course" });
    this.body.replaceChildren(...parts, this.course);
    this.dialog.scrollTop = 0;
  }

  // ------------------------------------------------------------ the prompt from step to step

  async follow(row, address) {
    const asked = new URLSearchParams(this.query);
    asked.set("prompt", row.prompt);
    const { answers } = await ask(`/view/rollouts/prompt?${asked}`);
    if (address !== this.address || !answers || answers.length < 2) return;
    const several = new Set(answers.map((answer) => answer.run)).size > 1;
    const numbered = answers.map((answer) => ({ ...answer, called: called(answer, answers, several) }));
    const select = (label, side) => make("select", { "aria-label": label, onchange: (event) => this.choose(side, event.target.value) }, ...numbered.map((answer) => make("option", { value: answer.row }, answer.called)));
    this.picks = [select("Answer on the left", 0), select("Answer on the right", 1)];
    this.texts = make("div", { class: "pl-sides" });
    const count = new Set(answers.map((answer) => answer.step)).size;
    const said = `${whole(answers.length)} answers at ${whole(count)} ${count === 1 ? "step" : "steps"}. What the right one has and the left one has not is underlined, what it lacks is struck out.`;
    this.course.replaceChildren(make("h3", {}, "The same prompt from step to step"), make("p", { class: "pl-explain" }, said), line(answers, row.row), this.texts);
    this.numbered = numbered;
    this.sides = () => this.side(row.row, address);
    this.sides();
  }

  /** The two that the address names, else the first of all beside this one. */
  named(own) {
    const [left, right] = this.state.pair.split(".");
    const known = (one) => this.numbered.some((answer) => answer.row === one);
    const first = this.numbered.find((answer) => answer.row !== own).row;
    return [known(left) ? left : first, known(right) ? right : own];
  }

  choose(side, row) {
    const pair = this.picks.map((pick) => pick.value);
    pair[side] = row;
    this.show({ pair: pair.join(".") });
  }

  async side(own, address) {
    const pair = this.named(own);
    if (pair.join() === this.beside && this.texts.childElementCount) return;
    this.beside = pair.join();
    pair.forEach((row, side) => (this.picks[side].value = row));
    const found = await Promise.all(pair.map((row) => ask(`/view/rollouts/row?${this.query}&row=${row}`)));
    if (address !== this.address || pair.join() !== this.beside) return;
    const marked = changes(found[0].text ?? "", found[1].text ?? "");
    this.texts.replaceChildren(...marked.map((parts, side) => make("section", { class: "pl-side" }, make("header", {}, this.picks[side]), make("div", { class: "pl-text pl-diff" }, ...parts.map(([kind, text]) => (kind ? make(kind, {}, text) : text))))));
  }

  shut() {
    this.address = undefined;
    this.closed();
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  leave() {
    this.dialog.remove();
  }
}

/** An answer in a list: its step, its reward, and which of several of the step it is. */
function called(answer, answers, several) {
  const alike = answers.filter((one) => one.step === answer.step && one.run === answer.run);
  const which = alike.length > 1 ? ` (${alike.indexOf(answer) + 1} of ${alike.length})` : "";
  return `${several ? `${answer.run}, ` : ""}step ${answer.step ?? "–"}: reward ${fixed(answer.reward, 3)}${which}`;
}

/** The rewards of a prompt by step as a small picture: a dot an answer, a line through the means. */
function line(answers, own) {
  const known = answers.filter((answer) => answer.step !== null && answer.reward !== null);
  const steps = [...new Set(known.map((answer) => answer.step))].sort((one, other) => one - other);
  if (steps.length < 2) return make("p", { class: "pl-none" }, "All at one step.");
  const rewards = known.map((answer) => answer.reward);
  const [low, high] = [Math.min(...rewards), Math.max(...rewards)];
  const across = (step) => EDGE + ((step - steps[0]) / (steps.at(-1) - steps[0])) * (WIDE - 2 * EDGE);
  const up = (reward) => HIGH - EDGE - (high > low ? (reward - low) / (high - low) : 0.5) * (HIGH - 2 * EDGE);
  const means = steps.map((step) => mean(known.filter((answer) => answer.step === step).map((answer) => answer.reward)));
  const drawn = shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", class: "pl-rollout-line", role: "img", "aria-label": `Mean reward from ${fixed(means[0], 3)} at step ${steps[0]} to ${fixed(means.at(-1), 3)} at step ${steps.at(-1)}` });
  drawn.append(shape("polyline", { points: steps.map((step, place) => `${across(step)},${up(means[place])}`).join(" ") }));
  drawn.append(...known.map((answer) => shape("path", { d: `M${across(answer.step)} ${up(answer.reward)}h0`, class: answer.row === own ? "pl-own" : "pl-other" })));
  const ends = make("div", { class: "pl-rollout-ends" }, make("span", {}, `step ${whole(steps[0])}: ${fixed(means[0], 3)}`), make("span", {}, `step ${whole(steps.at(-1))}: ${fixed(means.at(-1), 3)}`));
  return make("div", {}, drawn, ends);
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What an address says, or why it says nothing. */
export async function ask(address) {
  try {
    const answer = await fetch(address, { headers: { accept: "application/json" } });
    const told = await answer.json();
    return answer.ok ? told : { message: told.message ?? told.error?.message };
  } catch {
    return {};
  }
}
