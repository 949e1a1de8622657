// The menu Export: what there is at once as links, and what is made on request: of this view, or of the whole decision.
import { icon, make } from "./plumb.js";

/** `place(box, button)` puts the open menu below its button; `ask(of, format)` has a report made. */
export function exportMenu(id, given, place, ask) {
  let of = "view";
  const list = make("div", { id, popover: "auto", class: "pl-menu pl-exports" });
  const links = given.exports.map(({ title, hint, href, name }) => entry("a", { href, download: name, onclick: () => list.hidePopover() }, title, hint));
  const chosen = given.wholes.map(({ of: value, title }) => make("button", { type: "button", role: "radio", "aria-checked": String(value === of), "data-of": value, onclick: () => choose(value) }, title));
  const choose = (value) => {
    of = value;
    for (const one of chosen) one.setAttribute("aria-checked", String(one.dataset.of === of));
  };
  const made = given.formats.map(({ format, title, hint }) => entry("button", { type: "button", "data-format": format, onclick: () => {
    list.hidePopover();
    ask(of, format);
  } }, title, hint));
  const group = make("div", { class: "pl-exports-of", role: "radiogroup", "aria-label": "What the report is of", onkeydown: (event) => turn(event, chosen) }, ...chosen);
  list.append(make("p", { class: "pl-exports-head" }, "At once"), ...links, make("p", { class: "pl-exports-head" }, "Made for you"), chosen.length > 1 ? group : "", ...made);
  const button = make("button", { type: "button", class: "pl-button", popovertarget: id, "aria-haspopup": "true" }, icon("file"), make("span", {}, "Export"));
  place(list, button);
  return make("span", {}, button, list);
}

function entry(tag, attributes, title, hint) {
  return make(tag, attributes, make("strong", {}, title), make("span", {}, hint));
}

/** The arrow keys choose among the radio buttons, as they do in a form. */
function turn(event, buttons) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
  next.focus();
  next.click();
}
