// A button that opens a menu below it; Escape and a click elsewhere close it, and the button has the focus again.
import { icon, make } from "./plumb.js";

const SURE_FOR = 4000;

/** `acts` are [name, label, sure]: where `sure` is given it is what the entry asks before it is done. */
export function menu(id, label, acts, choose) {
  const list = make("div", { id, popover: "auto", class: "pl-menu" });
  const entry = (act) => sureButton({}, act, (name) => {
    list.hidePopover();
    choose(name);
  });
  const button = make("button", { type: "button", class: "pl-tool", popovertarget: id, "aria-label": label }, icon("more"));
  list.addEventListener("beforetoggle", (event) => {
    if (event.newState !== "open") return;
    list.replaceChildren(...acts.map(entry));
    requestAnimationFrame(() => place(list, button.getBoundingClientRect()));
  });
  return make("span", { class: "pl-menu-place" }, button, list);
}

/** A button; one that has something to ask first asks it in its own place, and forgets after a while. */
export function sureButton(attributes, [name, label, sure], choose) {
  const button = make("button", { type: "button", ...attributes, onclick: () => {
    if (!sure || button.textContent === sure) return choose(name);
    button.textContent = sure;
    button.classList.add("pl-sure");
    setTimeout(() => {
      button.textContent = label;
      button.classList.remove("pl-sure");
    }, SURE_FOR);
  } }, label);
  return button;
}

function place(list, spot) {
  const below = spot.bottom + 4;
  const fits = below + list.offsetHeight < innerHeight;
  list.style.left = `${Math.max(8, spot.right - list.offsetWidth)}px`;
  list.style.top = `${fits ? below : Math.max(8, spot.top - 4 - list.offsetHeight)}px`;
}

/** Open a box below its button, within the window. */
export function under(box, button) {
  box.addEventListener("beforetoggle", (event) => event.newState === "open" && requestAnimationFrame(() => {
    const spot = button.getBoundingClientRect();
    box.style.left = `${Math.max(12, Math.min(innerWidth - box.offsetWidth - 12, spot.right - box.offsetWidth))}px`;
    box.style.top = `${Math.max(12, Math.min(innerHeight - box.offsetHeight - 12, spot.bottom + 6))}px`;
  }));
}
