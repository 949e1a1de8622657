// What one does with an answer: copy it, link to it, take it away, keep the view.
import { copy, icon, make, read } from "./plumb.js";
import { steps } from "./undo.js";

export default function tools({ data, parentElement, setTriggerValue }) {
  const given = read(data);
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
    menu("file", "Export", given.exports),
    given.decides ? text("decide", "Record decision…", () => setTriggerValue("decide", Date.now())) : null,
    given.saves ? saver((name, opens) => setTriggerValue("save", { name, opens, query: location.search.slice(1), at: Date.now() })) : null,
  ];
  parentElement.append(make("div", { class: "pl-actions" }, ...parts.filter(Boolean)));
}

let menus = 0;

function menu(shape, label, links) {
  const id = `pl-menu-${(menus += 1)}`;
  const list = make("div", { id, popover: "auto", class: "pl-menu" }, ...links.map(({ title, hint, href, name }) =>
    make("a", { href, download: name, onclick: () => list.hidePopover() }, make("strong", {}, title), make("span", {}, hint))));
  const button = make("button", { type: "button", class: "pl-button", popovertarget: id, "aria-haspopup": "true" }, icon(shape), make("span", {}, label));
  under(list, button);
  return make("span", {}, button, list);
}

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

function under(box, button) {
  box.addEventListener("beforetoggle", (event) => event.newState === "open" && requestAnimationFrame(() => {
    const spot = button.getBoundingClientRect();
    box.style.left = `${Math.max(12, Math.min(innerWidth - box.offsetWidth - 12, spot.right - box.offsetWidth))}px`;
    box.style.top = `${spot.bottom + 6}px`;
  }));
}
