// The first thing that Tab reaches: past the sidebar to what the page says.
import { make } from "./plumb.js";

export function skipLink() {
  return make("a", { href: "#content", class: "pl-skip", onclick: (event) => {
    event.preventDefault();
    const content = document.querySelector("[data-testid=stMain]");
    if (!content) return;
    content.tabIndex = -1;
    content.focus({ preventScroll: true });
  } }, "Skip to the content");
}
