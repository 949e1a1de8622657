// Decisions, newest first: what was decided, because of what, and whether the data have moved since.
import { ago, copy, icon, make, moment, plumb, read } from "./plumb.js";

export default function journal({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const tell = (name, value) => setTriggerValue(name, { ...value, at: Date.now() });
  const place = (parentElement.__journal ||= parentElement.appendChild(make("div", { class: "pl-journal" })));
  const { since, ...shown } = given;
  const print = JSON.stringify(shown);
  parentElement.__off?.();
  parentElement.__off = plumb.on(`project/${given.project}`, (kind) => kind === "decision" && tell("changed", {}), since);
  if (place.__print !== print) place.replaceChildren(...(given.rows.length ? [head(given), ...given.rows.map((row) => entry(row, tell))] : []));
  place.__print = print;
  return () => parentElement.__off();
}

function head(given) {
  return make("p", { class: "pl-journal-head" }, link("pl-button pl-small", given.export, "file", "All of it, Markdown", true));
}

function link(kind, href, shape, label, download = false) {
  return make("a", { class: kind, href, download, target: download ? null : "_self" }, icon(shape), make("span", {}, label));
}

function entry(row, tell) {
  const title = `decision-${row.id}`;
  return make("article", { class: "pl-card pl-decision", "data-decision": row.id, "data-now": row.now.state, "data-withdrawn": row.withdrawn !== null, "aria-labelledby": title },
    make("h2", { class: "pl-title", id: title }, make("bdi", {}, row.title)),
    make("p", { class: "pl-quiet" }, make("bdi", {}, row.by), " · ", make("time", { datetime: row.at, title: moment(row.at) }, `${moment(row.at)} (${ago(row.at)})`), " ", make("span", { class: "pl-tag" }, row.verdict.replaceAll("_", " "))),
    row.withdrawn ? withdrawn(row.withdrawn) : null,
    make("p", { class: "pl-decision-because" }, row.because),
    make("p", { class: "pl-strong" }, row.sentence),
    make("p", { class: row.now.state === "same" || row.now.state === "moved" ? "pl-quiet" : "pl-warning", role: "note" }, row.now.text),
    make("details", { class: "pl-fold" }, make("summary", {}, "Evidence"), facts(row.facts), code(row.command)),
    make("div", { class: "pl-actions" },
      link("pl-button pl-small", row.href, "page", "Open the view"),
      make("button", { type: "button", class: "pl-button pl-small", "aria-label": `PDF of ${row.title}`, onclick: () => tell("report", { id: row.id }) }, icon("file"), make("span", {}, "PDF")),
      link("pl-button pl-small", row.export, "file", "Record, JSON", true),
      row.may ? make("button", { type: "button", class: "pl-button pl-small", "aria-label": `Withdraw ${row.title}`, onclick: () => tell("withdraw", { id: row.id }) }, "Withdraw…") : null));
}

function withdrawn({ at, by, why }) {
  return make("div", { class: "pl-warning" }, make("strong", {}, "Withdrawn "), moment(at), " by ", make("bdi", {}, by), make("p", { class: "pl-decision-because" }, why));
}

function facts(pairs) {
  return make("dl", { class: "pl-evidence" }, ...pairs.flatMap(([name, value]) => [make("dt", {}, make("bdi", {}, name)), make("dd", {}, value)]));
}

function code(text) {
  const button = make("button", { type: "button", class: "pl-button pl-small", onclick: () => copy(text, button) }, icon("copy"), make("span", {}, "Copy"));
  return make("div", { class: "pl-code" }, make("pre", { tabindex: "0" }, make("code", {}, text)), button);
}
