// Rows of tables by keyboard: arrows, j and k, Home, End, pages; Enter opens what the row leads to.
import { modified, typing } from "./keys.js";

const FRAMES = ".pl-scroll:not(.pl-roll-frame), .pl-listing-frame, .pl-runs-frame";
const FAR = 10;

/** Listen once for every table there is and will be. */
export function listenToTables() {
  document.addEventListener("keydown", (event) => {
    if (typing(event) || modified(event) || event.shiftKey) return;
    const frame = event.target.closest?.(FRAMES);
    const row = event.target.closest?.("tbody tr");
    if (!frame || (event.target !== frame && event.target !== row)) return;
    const rows = [...frame.querySelectorAll("tbody tr")].filter((one) => one.checkVisibility());
    if (rows.length && move(event, frame, rows, rows.indexOf(row))) event.preventDefault();
  });
}

function move(event, frame, rows, at) {
  const last = rows.length - 1;
  const places = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: last, PageDown: at + FAR, PageUp: at - FAR };
  if (event.key in places) return focus(rows[Math.min(last, Math.max(0, places[event.key]))]);
  if (at < 0) return false;
  if (event.key === "Enter") return enter(rows[at]);
  if (event.key === "Escape") frame.focus();
  return event.key === "Escape";
}

function focus(row) {
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  return true;
}

/** Open where the row leads to; a button, which does something, only gets the focus. */
function enter(row) {
  const way = row.querySelector("a[href], summary");
  if (way) way.click();
  else row.querySelector("button")?.focus();
  return true;
}

/** Draw rows anew; the row that had the focus has it again, by its place. */
export function keepRow(body, draw) {
  const at = [...body.children].indexOf(document.activeElement);
  draw();
  if (at >= 0) focus(body.children[Math.min(at, body.children.length - 1)] ?? body);
}
