// Keys that work on every page, and when they must not: while somebody types, composes a letter, or answers a dialog.

/** Every key there is besides those of the pages, as the sheet of keys shows them. */
export const KEYS = [
  ["Everywhere", [["Ctrl K", "Search everything: pages, data, actions, this page's controls"], ["?", "This sheet"], ["/", "Type into the list in front, else search everything"], ["Esc", "Close what is on top, and only that"]]],
  ["In the palette", [["↑ ↓", "Choose"], ["Enter", "Open, or go on"], ["Backspace", "On an empty line: one step back"], ["Shift Tab", "One step back"]]],
  ["In a table", [["↑ ↓", "Row by row; j and k too"], ["Home End", "First and last row"], ["PageUp PageDown", "Ten rows"], ["Enter", "Open the row"], ["Tab", "What can be done with the row"]]],
  ["In a chart", [["← →", "Point by point"], ["↑ ↓", "Line by line"], ["Home End", "First and last point"], ["Enter", "Choose the point"]]],
  ["On pages with examples", [["n p", "Next and previous example"]]],
  ["In a timeline", [["Space", "Play and pause"], ["← →", "Frame by frame; with Shift from change to change"], ["Home End", "First and last frame"], ["0 … 9", "To a tenth"], ["L", "Loop"], ["[ ]", "Slower, faster"]]],
];

const WRITING = "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], [role=searchbox], [role=listbox], [role=slider], dialog, [role=dialog], [role=menu]";
const ON_TOP = "dialog[open], [data-testid=stDialog]";

/** Whether a key belongs to somebody who types, composes or answers, so that it is nobody else's. */
export function typing(event) {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return true;
  const place = event.composedPath?.()[0] ?? event.target;
  return Boolean(place?.closest?.(WRITING)) || Boolean(document.querySelector(ON_TOP));
}

/** Whether a key comes with Ctrl, Alt or the command key. */
export function modified(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

/** Close the menus that are open: they would close by the next Escape, which is for what is above them. */
export function closeMenus() {
  for (const menu of document.querySelectorAll("[popover=auto]:popover-open")) menu.hidePopover();
}

/** The field that narrows the list in front, where there is one. */
export function filterInFront() {
  return [...document.querySelectorAll("input[type=search], .pl-filter")].find((field) => field.checkVisibility());
}
