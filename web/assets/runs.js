// The runs of a project as a table that moves by events: state, progress, what failed and what can be done about it.
import { ago, make, plumb, read } from "./plumb.js";
import { keepRow } from "./tables.js";

const STATES = { queued: "Waiting", running: "Running", done: "Done", failed: "Failed", cancelled: "Cancelled" };
const BACKENDS = { child: "child process", ray: "Ray", job: "Ray job" };
const COLUMNS = ["State", "What", "Dataset", "Asked", "Took", ""];

export default function runs({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const part = (parentElement.__runs ||= new Runs(parentElement));
  part.trigger = (name, value) => setTriggerValue(name, { ...value, at: Date.now() });
  part.take(given);
  return () => part.leave();
}

class Runs {
  constructor(parent) {
    this.body = make("tbody");
    const head = make("thead", {}, make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name || make("span", { class: "pl-unseen" }, "Actions")))));
    this.frame = make("div", { class: "pl-runs-frame", tabindex: "0", role: "region", "aria-label": "Runs" }, make("table", { class: "pl-runs" }, head, this.body));
    parent.append(this.frame);
  }

  take(given) {
    this.given = given;
    this.runs = new Map(given.rows.map((run) => [run.id, run]));
    this.draw();
    this.off?.();
    this.off = plumb.on(`project/${given.project}`, (kind, body) => kind === "run" && this.moved(body), given.since);
    clearInterval(this.clock);
    this.clock = setInterval(() => this.draw(), 10000);
  }

  moved(body) {
    const known = this.runs.get(body.run);
    if (!known) {
      this.soon ??= setTimeout(() => this.renew(), 700);
      return;
    }
    Object.assign(known, { state: body.state, progress: body.progress ?? known.progress, stage: body.stage ?? known.stage, error: body.error ?? known.error });
    if (["done", "failed", "cancelled"].includes(body.state)) {
      known.finished ??= new Date().toISOString();
      this.soon ??= setTimeout(() => this.renew(), 700);
    }
    this.draw();
  }

  renew() {
    this.soon = undefined;
    this.trigger("changed", {});
  }

  draw() {
    this.frame.hidden = this.runs.size === 0;
    const open = new Set([...this.body.querySelectorAll("details[open]")].map((details) => `${details.dataset.what}${details.dataset.run}`));
    const lines = grouped([...this.runs.values()], this.given.shown);
    keepRow(this.body, () => this.body.replaceChildren(...lines.map((run) => this.row(run, (what) => open.has(`${what}${run.id}`)))));
    this.show(this.given.shown);
  }

  /** Bring the run that the address names into sight, once. */
  show(asked) {
    const row = asked !== this.shown && this.body.querySelector(`[data-run="${asked}"]`);
    if (row) row.scrollIntoView({ block: "center" });
    this.shown = asked;
  }

  row(run, open) {
    const cells = [
      make("td", {}, make("span", { class: `pl-state pl-state-${run.state}` }, STATES[run.state]), this.progress(run)),
      make("td", {}, run.kind, run.times > 1 ? make("span", { class: "pl-quiet" }, ` × ${run.times}`) : null, run.attempt > 1 ? make("span", { class: "pl-quiet" }, ` attempt ${run.attempt}`) : null, this.backend(run), this.fault(run, open("error")), this.log(run, open("log"))),
      make("td", {}, run.dataset),
      make("td", { class: "pl-quiet" }, `${ago(run.asked)} by ${run.by || "the inbox"}`),
      make("td", { class: "pl-quiet pl-number" }, took(run)),
      make("td", {}, this.action(run)),
    ];
    return make("tr", { "data-run": run.id, "data-state": run.state, "aria-current": String(run.id === this.given.shown) }, ...cells);
  }

  progress(run) {
    if (run.state !== "running") return null;
    const bar = make("progress", { max: "1", value: run.progress > 0 ? run.progress : null, "aria-label": `Progress of run ${run.id}` });
    return make("div", { class: "pl-run-live" }, bar, make("span", { class: "pl-quiet" }, run.stage));
  }

  backend(run) {
    return run.backend ? make("span", { class: "pl-quiet", "data-backend": run.backend }, ` by ${BACKENDS[run.backend] ?? run.backend}`) : null;
  }

  log(run, open) {
    if (!run.log) return null;
    return make("details", { "data-run": run.id, "data-what": "log", class: "pl-run-log", open }, make("summary", {}, "Log"), make("pre", { tabindex: "0" }, run.log));
  }

  fault(run, open) {
    if (!run.error) return null;
    const where = [run.error.file, run.error.line && `line ${run.error.line}`, run.error.field && `field ${run.error.field}`].filter(Boolean).join(", ");
    return make("details", { "data-run": run.id, "data-what": "error", open }, make("summary", {}, run.error.message ?? run.error.code ?? "It failed"), make("p", { class: "pl-quiet" }, [where, run.error.code].filter(Boolean).join(" · ")));
  }

  action(run) {
    if (!this.given.may) return null;
    const name = { queued: "cancel", running: "cancel", failed: "retry", cancelled: "retry" }[run.state];
    return name ? make("button", { type: "button", class: "pl-button pl-small", onclick: () => this.trigger(name, { id: run.id }) }, name === "cancel" ? "Cancel" : "Try again") : null;
  }

  leave() {
    this.off?.();
    clearInterval(this.clock);
  }
}

/** Neighbours that ended well and did the same become one line with their number; the one that is shown stays alone. */
function grouped(runs, shown) {
  const lines = [];
  for (const run of runs) {
    const before = lines.at(-1);
    const same = before && before.id !== shown && run.id !== shown && run.state === "done" && before.state === "done" && before.dataset === run.dataset && before.kind === run.kind && before.backend === run.backend && !run.log && !before.log;
    if (same) before.times += 1;
    else lines.push({ ...run, times: 1 });
  }
  return lines;
}

function took(run) {
  if (!run.started) return "";
  const seconds = ((run.finished ? Date.parse(run.finished) : Date.now()) - Date.parse(run.started)) / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}
