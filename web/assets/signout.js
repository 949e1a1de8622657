// Signing out is a POST of a form, as the server wants it; it works the same without this script at /signin.
import { make, read } from "./plumb.js";

export default function signout({ data, parentElement }) {
  if (parentElement.querySelector("form")) return;
  const button = make("button", { type: "submit", class: "pl-button" }, read(data).label);
  parentElement.append(make("form", { method: "post", action: "/auth/signout" }, button));
}
