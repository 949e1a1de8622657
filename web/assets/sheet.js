// "?": every key there is, in groups, found by typing. Escape closes it and gives the focus back.
import { fold } from "./found.js";
import { closeMenus, KEYS } from "./keys.js";
import { icon, make } from "./plumb.js";

let sheet;

/** Show the keys; those of the pages come from their entries. */
export function show(pages) {
  sheet ??= new Sheet();
  sheet.open([...KEYS, ["Go to a page: g, then", pages.map((entry) => [entry.shortcut, entry.title])]]);
}

class Sheet {
  constructor() {
    this.input = make("input", { type: "text", class: "pl-palette-input", placeholder: "Find a key…", "aria-label": "Find a key", autocomplete: "off", spellcheck: "false", oninput: () => this.filter() });
    this.list = make("div", { class: "pl-sheet-groups", tabindex: "0", role: "region", "aria-label": "Keys" });
    this.button = make("button", { type: "button", class: "pl-palette-esc", "aria-label": "Close", onclick: () => this.close() }, make("kbd", {}, "Esc"));
    const box = make("div", { class: "pl-palette pl-sheet", role: "dialog", "aria-modal": "true", "aria-label": "Keyboard shortcuts" }, make("div", { class: "pl-palette-top" }, icon("search"), this.input, this.button), this.list);
    this.cover = make("div", { class: "pl-palette-cover", popover: "manual", "data-sheet": "", onclick: (event) => event.target === this.cover && this.close(), onkeydown: (event) => this.key(event) }, box);
    document.body.append(this.cover);
  }

  open(groups) {
    if (this.cover.matches(":popover-open")) return;
    this.groups = groups;
    this.back = document.activeElement;
    closeMenus();
    this.input.value = "";
    this.filter();
    this.cover.showPopover();
    this.input.focus();
  }

  close() {
    this.cover.hidePopover();
    this.back?.focus?.({ preventScroll: true });
  }

  /** Escape closes; Tab goes round within. */
  key(event) {
    event.stopPropagation();
    const around = [this.input, this.button, this.list];
    if (event.key === "Escape" || ((event.ctrlKey || event.metaKey) && event.key === "k")) this.close();
    else if (event.key === "Tab") around.at((around.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1)) % around.length).focus();
    else return;
    event.preventDefault();
  }

  filter() {
    const sought = fold(this.input.value.trim());
    const groups = this.groups.map(([name, keys]) => [name, keys.filter((pair) => fold(`${name} ${pair.join(" ")}`).includes(sought))]);
    const shown = groups.filter(([, keys]) => keys.length).map(([name, keys]) =>
      make("section", {}, make("h3", {}, name), make("dl", {}, ...keys.flatMap(([key, does]) => [make("dt", {}, ...key.split(" ").map((one) => make("kbd", {}, one))), make("dd", {}, does)]))));
    this.list.replaceChildren(make("div", { class: "pl-sheet-columns" }, ...(shown.length ? shown : [make("p", { class: "pl-palette-none" }, "No key does that.")])));
  }
}
