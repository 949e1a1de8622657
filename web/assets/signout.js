// Signing out is a POST of a form, as the server wants it; it works the same without this script at /signin. Beside it
// the way to the form that changes the password, for those who have one.
import { make, read } from "./plumb.js";

export default function signout({ data, parentElement }) {
  if (parentElement.querySelector("form")) return;
  const { label, password } = read(data);
  const button = make("button", { type: "submit", class: "pl-button" }, label);
  const change = password ? make("a", { class: "pl-button", href: "/signin/password" }, "Change password…") : null;
  parentElement.append(make("form", { method: "post", action: "/auth/signout", class: "pl-actions" }, ...[change, button].filter(Boolean)));
}
