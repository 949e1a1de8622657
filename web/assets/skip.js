// For those who do not see the page: the first thing that Tab reaches, past the sidebar to what the page says, and what
// Streamlit's own frame says of itself put right.
import { make } from "./plumb.js";

const CONTENT = "content";

export function skipLink() {
  return make("a", { href: `#${CONTENT}`, class: "pl-skip", onclick: (event) => {
    event.preventDefault();
    const content = main();
    if (!content) return;
    content.tabIndex = -1;
    content.focus({ preventScroll: true });
  } }, "Skip to the content");
}

/** The skip link has a goal; the navigation, whose lists hold what no list may hold, is links in a landmark. */
export function putRight() {
  main();
  for (const one of document.querySelectorAll('[data-testid="stSidebarNavItems"]:not([role]), [data-testid="stSidebarNavItems"] li:not([role])')) one.setAttribute("role", "none");
}

function main() {
  const content = document.querySelector('[data-testid="stMain"]');
  if (content) content.id ||= CONTENT;
  return content;
}
