// Foot of the sidebar: the way into the palette, whether events arrive, who is signed in.
import { icon, make, plumb, read, STATES } from "./plumb.js";

export default function foot({ data, parentElement }) {
  const { name } = read(data);
  if (parentElement.dataset.name === name) return;
  parentElement.dataset.name = name;
  const mac = /Mac|iP(hone|ad)/.test(navigator.platform);
  const search = make(
    "button", { type: "button", class: "pl-search", onclick: () => dispatchEvent(new CustomEvent("plumb:palette")) },
    icon("search"), make("span", {}, "Search"), make("kbd", { class: "pl-kbd" }, mac ? "⌘ K" : "Ctrl K"),
  );
  const status = make("span", { class: "pl-status", role: "status" }, make("span", { class: "pl-dot" }), make("span", { "data-plumb-status": "" }, STATES[plumb.state]));
  parentElement.replaceChildren(make("div", { class: "pl-side-foot" }, search, make("p", {}, status, make("span", { class: "pl-who" }, name))));
}
