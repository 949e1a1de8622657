// One of the four decisions on Home: its question, the answer that stands, how its leading number came about.
import { Answer } from "./answer.js";
import { beside, estimate, make, read } from "./plumb.js";
import { interval, line } from "./spark.js";

const MOST = 100;

export default function decision({ data, parentElement, setTriggerValue }) {
  const part = (parentElement.__decision ||= new Decision(parentElement));
  part.tell = (name, value) => setTriggerValue(name, value);
  part.take(read(data));
  return () => part.leave();
}

class Decision {
  constructor(parent) {
    this.name = make("p", { class: "pl-decision-name" });
    this.badge = make("span", { class: "pl-badge", hidden: true });
    this.question = make("h2", { class: "pl-title" });
    this.body = make("div", { class: "pl-decision-body" });
    this.value = make("span", { class: "pl-value" });
    this.beside = make("span", { class: "pl-beside" });
    this.label = make("span", { class: "pl-decision-label" });
    this.spark = make("div", { class: "pl-spark" });
    this.number = make("div", { class: "pl-decision-number", hidden: true }, make("p", {}, this.label, this.value, this.beside), this.spark);
    this.foot = make("p", { class: "pl-decision-foot" });
    this.root = parent.appendChild(make("div", { class: "pl-four" }, make("div", { class: "pl-decision-top" }, this.name, this.badge), this.question, this.body, this.number, this.foot));
  }

  take(given) {
    this.off?.();
    this.given = given;
    this.name.textContent = given.name;
    this.question.textContent = given.question;
    if (given.answer) this.show(given);
    else this.empty(given);
    this.foot.replaceChildren(...given.links.map(({ title, page, query }) => this.link(title, page, query)));
  }

  link(title, page, query) {
    return make("a", { href: `/${page}${query ? `?${query}` : ""}`, onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.tell("go", { page, query, at: Date.now() });
    } }, make("bdi", {}, title));
  }

  empty({ absent }) {
    this.answer?.leave();
    this.answer = null;
    this.number.hidden = this.badge.hidden = true;
    this.root.dataset.tone = "none";
    this.body.replaceChildren(make("p", { class: "pl-explain" }, absent));
  }

  show(given) {
    if (!this.answer) {
      this.body.replaceChildren();
      this.answer = new Answer(this.body);
      this.answer.shown = (state) => this.moved(state);
    }
    this.points = given.points;
    this.answer.open = () => this.tell("go", { page: given.answer.analysis, query: given.answer.query, at: Date.now() });
    this.answer.take({ ...given.answer, numbers: [] });
    this.moved(this.answer.last ?? given.answer);
  }

  /** The answer says something new: the leading number and its course follow. */
  moved(state) {
    if (!this.given?.answer) return;
    const { headline, alarms } = this.given;
    const found = state.estimates?.[headline.name];
    this.root.dataset.tone = this.answer.root.dataset.tone;
    this.number.hidden = found?.value === null || found?.value === undefined;
    this.label.textContent = headline.label;
    this.value.textContent = estimate(headline.name, found?.value);
    this.beside.textContent = beside(headline.name, found);
    const rang = alarms ? state.estimates?.[alarms]?.value : 0;
    this.badge.hidden = !rang;
    this.badge.textContent = rang === 1 ? "1 alarm" : `${rang} alarms`;
    if (found && !this.number.hidden) this.draw(state.version, found);
  }

  draw(version, found) {
    const last = this.points.at(-1);
    if (this.points.length && version > last[0]) this.points = [...this.points, [version, found.value, found.low, found.high]].slice(-MOST);
    const drawn = this.points.length > 1 ? line(this.points, this.given.headline) : interval(found, this.given.headline);
    this.spark.replaceChildren(...(drawn ? [drawn] : []));
  }

  leave() {
    this.answer?.leave();
    this.answer = null;
  }
}
