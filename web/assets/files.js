// Buttons that hand the browser a small file made from what is on the page.
import { download, icon, make, read } from "./plumb.js";

export default function files({ data, parentElement }) {
  const given = read(data);
  const buttons = given.files.map(({ label, name, text }) =>
    make("button", { type: "button", class: "pl-button", onclick: () => download(name, text, "application/json") }, icon("file"), make("span", {}, label)));
  parentElement.querySelector(".pl-actions")?.remove();
  parentElement.append(make("div", { class: "pl-actions" }, ...buttons));
}
