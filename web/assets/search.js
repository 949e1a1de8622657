// In the sidebar: the way into the palette.
import { icon, make } from "./plumb.js";

export default function search({ parentElement }) {
  if (parentElement.querySelector(".pl-search")) return;
  const mac = /Mac|iP(hone|ad)/.test(navigator.platform);
  parentElement.append(make(
    "button", { type: "button", class: "pl-search", onclick: () => dispatchEvent(new CustomEvent("plumb:palette")) },
    icon("search"), make("span", {}, "Search"), make("kbd", { class: "pl-kbd" }, mac ? "⌘ K" : "Ctrl K"),
  ));
}
