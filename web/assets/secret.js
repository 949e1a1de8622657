// Something shown once, with a button that copies it.
import { copy, icon, make, read } from "./plumb.js";

export default function secret({ data, parentElement }) {
  const { text, label } = read(data);
  if (parentElement.__text === text) return;
  parentElement.__text = text;
  const button = make("button", { type: "button", class: "pl-button", onclick: () => copy(text, button) }, icon("copy"), make("span", { "aria-live": "polite" }, label));
  parentElement.replaceChildren(make("div", { class: "pl-secret" }, make("code", { tabindex: "0" }, text), button));
}
