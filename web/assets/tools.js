// What one does with an answer: copy it, link to it, take it away, keep the view.
import { exportMenu } from "./exports.js";
import { Making } from "./making.js";
import { under } from "./menu.js";
import { copy, icon, make, read } from "./plumb.js";
import { steps } from "./undo.js";

export default function tools({ data, parentElement, setTriggerValue }) {
  const { making, ...given } = read(data);
  const part = (parentElement.__making ||= new Making(parentElement));
  part.tell = (name, report) => setTriggerValue("act", { name, report, at: Date.now() });
  draw(given, parentElement, setTriggerValue);
  part.take(making);
  return () => part.leave();
}

function draw(given, parentElement, setTriggerValue) {
  const stamp = JSON.stringify(given);
  steps.later();
  if (parentElement.__tools === stamp) return;
  parentElement.__tools = stamp;
  parentElement.querySelector(".pl-actions")?.remove();
  const text = (shape, label, onclick) => {
    const button = make("button", { type: "button", class: "pl-button", onclick: () => onclick(button) }, icon(shape), make("span", {}, label));
    return button;
  };
  const parts = [
    steps.pair(),
    text("copy", "Copy answer", (button) => copy(`${given.markdown}\n\n${location.href}\n`, button)),
    text("link", "Copy link", (button) => copy(location.href, button)),
    given.shares ? text("share", "Share…", () => setTriggerValue("share", Date.now())) : null,
    exportMenu(`pl-menu-${(menus += 1)}`, given, under, (of, format) => setTriggerValue("report", { of, format, at: Date.now() })),
    given.decides ? text("decide", "Record decision…", () => setTriggerValue("decide", Date.now())) : null,
    given.saves ? saver((name, opens) => setTriggerValue("save", { name, opens, query: location.search.slice(1), at: Date.now() })) : null,
  ];
  parentElement.prepend(make("div", { class: "pl-actions pl-toolbar" }, ...parts.filter(Boolean)));
}

let menus = 0;

function saver(save) {
  const id = `pl-menu-${(menus += 1)}`;
  const input = make("input", { type: "text", maxlength: "80", required: true, placeholder: "Name of this view", "aria-label": "Name of this view" });
  const opens = make("input", { type: "checkbox" });
  const form = make("form", { id, popover: "auto", class: "pl-menu pl-saver", onsubmit: (event) => {
    event.preventDefault();
    if (input.value.trim()) save(input.value.trim(), opens.checked);
    form.hidePopover();
  } }, input, make("button", { type: "submit", class: "pl-button pl-primary" }, "Save"), make("label", { class: "pl-saver-opens" }, opens, "Open this page with it"));
  const button = make("button", { type: "button", class: "pl-button", popovertarget: id, "aria-haspopup": "dialog" }, icon("save"), make("span", {}, "Save view"));
  under(form, button);
  form.addEventListener("toggle", (event) => event.newState === "open" && input.focus());
  return make("span", {}, button, form);
}
