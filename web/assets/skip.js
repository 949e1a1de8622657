// For those who do not see the page: the first thing that Tab reaches, past the sidebar to what the page says, and what
// Streamlit's own frame says of itself put right.
import { make } from "./plumb.js";

/** What Streamlit calls the place of the page. */
const CONTENT = "stMain";

export function skipLink() {
  return make("a", { href: `#${CONTENT}`, class: "pl-skip", onclick: (event) => {
    event.preventDefault();
    document.getElementById(CONTENT)?.focus({ preventScroll: true });
  } }, "Skip to the content");
}

/** The lists of the navigation hold what no list may hold: they are links in a landmark. */
export function putRight() {
  for (const one of document.querySelectorAll('[data-testid="stSidebarNavItems"]:not([role]), [data-testid="stSidebarNavItems"] li:not([role])')) one.setAttribute("role", "none");
}
