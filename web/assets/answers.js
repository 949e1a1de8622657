// Small answers beside each other, one card for each dataset: one part of the page, however many they are.
import { Answer } from "./answer.js";
import { arrange, make, read } from "./plumb.js";

export default function answers({ data, parentElement, setTriggerValue }) {
  const grid = (parentElement.__answers ||= new Answers(parentElement));
  grid.open = (dataset) => setTriggerValue("open", dataset);
  grid.take(read(data).answers);
  return () => grid.leave();
}

class Answers {
  constructor(parent) {
    this.root = parent.appendChild(make("div", { class: "pl-answers" }));
    this.known = new Map();
  }

  /** Cards move and stay what they are; those of datasets that are not among the first any more go. */
  take(given) {
    const wanted = new Set(given.map((answer) => answer.dataset));
    for (const [dataset, { card, answer }] of this.known) {
      if (wanted.has(dataset)) continue;
      answer.leave();
      card.remove();
      this.known.delete(dataset);
    }
    for (const answer of given) this.card(answer.dataset).answer.take(answer);
    arrange(this.root, given.map((answer) => this.known.get(answer.dataset).card));
  }

  card(dataset) {
    if (!this.known.has(dataset)) {
      const card = make("div", { class: "pl-answers-card" });
      const answer = new Answer(card);
      answer.open = () => this.open(dataset);
      this.known.set(dataset, { card, answer });
    }
    return this.known.get(dataset);
  }

  leave() {
    for (const { answer } of this.known.values()) answer.leave();
  }
}
