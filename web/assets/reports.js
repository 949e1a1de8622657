// The reports of a project: what each is of, how far it is, its file. It moves by events.
import { ago, icon, make, plumb, read } from "./plumb.js";
import { sureButton } from "./menu.js";

const STATES = { queued: "Waiting", running: "Being made", done: "Made", failed: "Failed", cancelled: "Cancelled" };
const COLUMNS = ["Report", "Format", "Size", "Asked", "State", ""];
const SOON = 300;

export default function reports({ data, parentElement, setTriggerValue }) {
  const part = (parentElement.__reports ||= new Reports(parentElement));
  part.tell = (name, value) => setTriggerValue(name, { ...value, at: Date.now() });
  part.take(read(data));
  return () => part.leave();
}

class Reports {
  constructor(parent) {
    this.body = make("tbody");
    const head = make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col" }, name || make("span", { class: "pl-unseen" }, "Actions"))));
    this.frame = make("div", { class: "pl-scroll pl-reports", tabindex: "0", role: "region", "aria-label": "Reports" }, make("table", { class: "pl-list" }, make("thead", {}, head), this.body));
    parent.append(this.frame);
  }

  take(given) {
    this.rows = new Map(given.rows.map((row) => [row.run, { ...row }]));
    this.frame.hidden = this.rows.size === 0;
    this.body.replaceChildren(...[...this.rows.values()].map((row) => (row.element = this.row(row))));
    this.off?.();
    this.off = plumb.on(`project/${given.project}`, (kind, body) => this.heard(kind, body), given.since);
  }

  heard(kind, body) {
    if (kind === "report") return this.renew();
    const row = kind === "run" && this.rows.get(body.run);
    if (!row) return;
    const before = row.state;
    Object.assign(row, { state: body.state, progress: body.progress ?? 0, stage: body.stage ?? "", error: body.error?.message ?? "" });
    const drawn = this.row(row);
    row.element.replaceWith(drawn);
    row.element = drawn;
    if (before !== row.state && !["queued", "running"].includes(row.state)) this.renew();
  }

  renew() {
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      this.tell("changed", {});
    }, SOON);
  }

  row(row) {
    const cells = [
      make("td", {}, make("span", { class: "pl-reports-name" }, make("bdi", {}, row.name)), make("span", { class: "pl-reports-of" }, row.href ? make("a", { href: row.href, target: "_self" }, row.of) : row.of)),
      make("td", {}, row.format),
      make("td", { class: "pl-quiet pl-number" }, row.size),
      make("td", { class: "pl-quiet" }, make("time", { datetime: row.at, title: row.at }, ago(row.at)), " by ", make("bdi", {}, row.by)),
      make("td", {}, make("span", { class: `pl-state pl-state-${row.state}` }, STATES[row.state]), ...this.state(row)),
      make("td", {}, make("div", { class: "pl-reports-acts" }, ...this.acts(row))),
    ];
    return make("tr", { "data-report": row.id, "data-state": row.state }, ...cells);
  }

  state(row) {
    if (row.state === "running") return [make("div", { class: "pl-run-live" }, make("progress", { max: "1", value: row.progress > 0 ? row.progress : null, "aria-label": `Progress of ${row.name}` }), make("span", { class: "pl-quiet" }, row.stage))];
    return row.error && row.state !== "queued" ? [make("p", { class: "pl-quiet" }, row.error)] : [];
  }

  acts(row) {
    const label = (what) => `${what} ${row.name}`;
    const acts = [];
    if (row.state === "done") acts.push(make("a", { class: "pl-button pl-small", href: row.file, download: true, "aria-label": label("Download") }, icon("file"), "Download"));
    if (!row.may) return acts;
    const again = ["failed", "cancelled"].includes(row.state);
    if (again) acts.push(make("button", { type: "button", class: "pl-button pl-small", "aria-label": label("Try again:"), onclick: () => this.tell("retry", { id: row.id }) }, "Try again"));
    const open = ["queued", "running"].includes(row.state);
    const words = open ? ["remove", "Cancel"] : ["remove", "Remove", "Remove it?"];
    acts.push(sureButton({ class: "pl-button pl-small", "aria-label": label(words[1]) }, words, () => this.tell("remove", { id: row.id })));
    return acts;
  }

  leave() {
    this.off?.();
    clearTimeout(this.soon);
    this.soon = undefined;
  }
}
