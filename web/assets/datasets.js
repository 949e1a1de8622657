// The datasets of a project: one line each, moved by events; what can be done with one lies in its menu.
import { menu } from "./menu.js";
import { ago, make, plumb, put, read, tone, whole } from "./plumb.js";

const WORDS = { reading: "Reading…", failed: "Could not be read", empty: "No rows", ready: "" };

export default function datasets({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const part = (parentElement.__datasets ||= new Datasets(parentElement));
  part.trigger = (name, value) => setTriggerValue(name, { ...value, at: Date.now() });
  part.take(given);
  return () => part.leave();
}

/** An answer stands while the file's newest rows could not be read: it says so. */
function fault(given) {
  return given.fault ? make("p", { class: "pl-row-fault" }, `What came after version ${given.version} could not be read: ${given.fault}`) : null;
}

class Datasets {
  constructor(parent) {
    this.list = parent.appendChild(make("ul", { class: "pl-rows" }));
    this.rows = new Map();
    this.clock = setInterval(() => this.rows.forEach((row) => row.tick()), 10000);
  }

  take(given) {
    const print = JSON.stringify(given.rows);
    this.off?.();
    this.off = this.listen(given);
    if (print === this.print) return;
    this.print = print;
    this.rows = new Map(given.rows.map((row) => [row.id, this.row(row, given.may)]));
    this.list.replaceChildren(...[...this.rows.values()].map((row) => row.element));
  }

  listen(given) {
    const offs = [
      plumb.on("dataset/*", (kind, body) => kind === "version" && this.rows.get(body.dataset)?.moved(body), given.since),
      plumb.on(`project/${given.project}`, (kind, body) => this.structure(kind, body), given.since),
    ];
    return () => offs.forEach((off) => off());
  }

  /** Datasets came, went or changed: ask for a new list, once for several events. */
  structure(kind, body) {
    const listed = this.rows.get(body.dataset)?.given;
    const ended = kind === "run" && (body.state === "failed" || (["done", "cancelled"].includes(body.state) && (listed?.state !== "ready" || listed.fault)));
    if (!ended && !["dataset_added", "dataset_changed", "dataset_removed", "inbox_refused"].includes(kind)) return;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.trigger("changed", {}), 150);
  }

  row(given, may) {
    const open = make("a", { class: "pl-row-name", href: `/calibration?dataset=${given.id}`, onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.trigger("open", { id: given.id });
    } }, given.name);
    const sentence = make("p", { class: "pl-row-sentence" }, given.sentence ?? WORDS[given.state]);
    const rows = make("span", { class: "pl-row-count" }, whole(given.rows));
    const when = make("span", {}, ago(given.at));
    const facts = make("p", { class: "pl-row-facts" }, rows, ` ${given.rows === 1 ? given.noun.replace(/s$/, "") : given.noun} · `, when, ...(given.rejected ? [` · ${whole(given.rejected)} refused${given.reasons ? ` (${given.reasons})` : ""}`] : []), ...(given.format ? [` · ${given.format}`] : []));
    const tags = [given.live ? make("span", { class: "pl-tag" }, make("span", { class: "pl-dot" }), "followed") : null, given.simulated ? make("span", { class: "pl-tag" }, "simulated") : null];
    const element = make("li", { class: "pl-row", "data-dataset": given.id, "data-verdict": given.verdict ?? given.state, "data-tone": given.verdict ? tone(given.verdict) : null },
      make("div", { class: "pl-row-main" }, make("div", { class: "pl-row-head" }, open, ...tags.filter(Boolean)), sentence, facts, fault(given)), may ? this.menu(given) : null);
    let at = given.at;
    return {
      given,
      element,
      tick: () => (when.textContent = ago(at)),
      moved: (body) => {
        at = new Date().toISOString();
        when.textContent = ago(at);
        put(rows, whole(body.accepted ?? body.rows));
        if (!body.answer) return;
        put(sentence, body.answer.sentence);
        element.dataset.verdict = body.answer.verdict;
        element.dataset.tone = tone(body.answer.verdict);
      },
    };
  }

  menu(given) {
    const acts = [["rename", "Rename…"], ["mapping", "Columns…"], ["remove", "Remove"]];
    return menu(`pl-dataset-menu-${given.id}`, `What can be done with ${given.name}`, acts, (name) => this.trigger(name, { id: given.id }));
  }

  leave() {
    this.off?.();
    clearInterval(this.clock);
    clearTimeout(this.soon);
  }
}
