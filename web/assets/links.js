// A list of ways to somewhere: datasets with how they stand, what is kept at hand, what was looked at last, decisions.
import { ago, icon, make, read, tone } from "./plumb.js";
import { visits } from "./visits.js";

export default function links({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const rows = given.visits ? visits(given.visits).map(({ title, hint, page, query, at }) => ({ title, hint, page, query, at })) : given.rows;
  const tell = (name, value) => setTriggerValue(name, { ...value, at: Date.now() });
  const place = (parentElement.__links ||= parentElement.appendChild(make("div", {})));
  const print = JSON.stringify([rows, given.empty]);
  if (place.__print === print) return;
  place.__print = print;
  place.replaceChildren(rows.length ? make("ul", { class: "pl-ways" }, ...rows.map((row) => entry(row, tell))) : make("p", { class: "pl-explain" }, given.empty));
}

function entry(row, tell) {
  const href = `/${row.page === "home" ? "" : row.page}${row.query ? `?${row.query}` : ""}`;
  const open = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    tell("go", { page: row.page, query: row.query });
  };
  const link = make("a", { class: "pl-ways-open", href, onclick: open }, make("strong", {}, make("bdi", {}, row.title)), row.hint ? make("span", {}, make("bdi", {}, row.hint)) : null);
  const when = row.at ? make("time", { datetime: row.at, title: row.at }, ago(row.at)) : null;
  return make("li", { "data-tone": row.verdict ? tone(row.verdict) : null }, link, when, row.dataset === undefined ? null : star(row, tell));
}

function star({ dataset, title, kept }, tell) {
  const label = kept ? `Let go of ${title}` : `Keep ${title} at hand`;
  return make("button", { type: "button", class: "pl-tool pl-star", "aria-pressed": String(Boolean(kept)), "aria-label": label, title: kept ? "Let go" : "Keep at hand", onclick: () => tell("keep", { dataset, keep: !kept }) }, icon("star"));
}
