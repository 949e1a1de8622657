// Reports that were asked for on this page: how far each is, by events; when one is made the browser keeps it by itself.
import { icon, make, plumb, read } from "./plumb.js";

const STATES = { queued: "Waiting its turn", running: "Beginning", cancelled: "Cancelled", failed: "It could not be made" };
const ENDED = ["done", "failed", "cancelled"];
const kept = (window.__plumbKept ||= new Set());

export default function making({ data, parentElement, setTriggerValue }) {
  const part = (parentElement.__making ||= new Making(parentElement));
  part.tell = (name, report) => setTriggerValue("act", { name, report, at: Date.now() });
  part.take(read(data).making);
  return () => part.leave();
}

export class Making {
  constructor(parent) {
    this.place = parent.appendChild(make("div", { class: "pl-making", role: "status" }));
    this.lines = new Map();
  }

  take(reports) {
    const wanted = new Set(reports.map((one) => one.report));
    for (const [number, line] of this.lines) if (!wanted.has(number)) this.drop(number, line);
    for (const one of reports) if (this.lines.get(one.report)?.attempt !== one.attempt) this.follow(one);
  }

  follow(one) {
    this.drop(one.report, this.lines.get(one.report));
    const element = this.place.appendChild(make("div", { class: "pl-making-line", "data-report": one.report }));
    const line = { ...one, element };
    this.lines.set(one.report, line);
    this.draw(line);
    line.off = plumb.on(`run/${one.run}`, (kind, body) => {
      if (kind !== "run") return;
      Object.assign(line, { state: body.state, progress: body.progress, stage: body.stage, error: body.error?.message ?? "" });
      this.draw(line);
    }, one.since);
  }

  draw(line) {
    line.element.dataset.state = line.state;
    if (line.state === "done") this.keep(line);
    const parts = line.state === "done" ? this.made(line) : ENDED.includes(line.state) ? this.over(line) : this.open(line);
    line.element.replaceChildren(make("strong", { class: "pl-making-name" }, make("bdi", {}, line.name), ` · ${line.title}`), ...parts);
  }

  open(line) {
    const bar = make("progress", { max: "1", value: line.progress > 0 ? line.progress : null, "aria-label": `Progress of ${line.name}` });
    return [bar, make("span", { class: "pl-quiet pl-making-stage" }, line.stage || STATES[line.state]), this.button("Cancel", "remove", line)];
  }

  made(line) {
    return [make("a", { class: "pl-button pl-small", href: line.href, download: true }, icon("file"), "Download again"), this.all(), this.button("Close", "close", line)];
  }

  over(line) {
    return [make("span", { class: "pl-making-fault" }, line.error || STATES[line.state]), this.button("Try again", "retry", line), this.button("Close", "close", line)];
  }

  all() {
    return make("a", { class: "pl-linkish", href: "/reports", target: "_self" }, "All reports");
  }

  button(label, name, line) {
    return make("button", { type: "button", class: "pl-button pl-small", "aria-label": `${label}: ${line.name}`, onclick: () => this.tell(name, line.report) }, label);
  }

  /** Once in this tab, and only what it has seen being made. */
  keep(line) {
    if (kept.has(line.report)) return;
    kept.add(line.report);
    make("a", { href: line.href, download: "" }).click();
  }

  drop(number, line) {
    line?.off?.();
    line?.element.remove();
    this.lines.delete(number);
  }

  leave() {
    for (const line of this.lines.values()) line.off?.();
    this.lines.clear();
    this.place.replaceChildren();
  }
}
