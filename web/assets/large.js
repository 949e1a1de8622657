// The large view of a figure: its body moves into a dialog and back, while its place on the page stays as high as it was.
import { icon, make } from "./plumb.js";

/** A tool of a figure; a word beside its picture where the picture alone would not say what it is for. */
export function tool(shape, label, onclick, word = "") {
  const said = word ? [make("span", { class: "pl-tool-word" }, word)] : [];
  return make("button", { type: "button", class: "pl-tool", title: label, "aria-label": label, onclick }, icon(shape), ...said);
}

export class LargeView {
  /** `moved(open)` is called after the body moved; then the keyboard is in the figure, or back on the button. */
  constructor(moved) {
    this.moved = moved;
    this.button = tool("large", "Large view", () => this.toggle());
    this.dialog = make("dialog", { class: "pl-large", onclose: () => this.back(), "aria-label": "Large view" });
  }

  /** Of which figure this is: where its body lives, the body, what takes the keyboard, how it is called then. */
  of(root, body, plot, heading) {
    Object.assign(this, { root, body, plot, heading });
  }

  get open() {
    return this.dialog.open;
  }

  toggle() {
    if (this.open) return this.dialog.close();
    const close = tool("close", "Close the large view", () => this.dialog.close());
    this.root.style.minHeight = `${this.root.offsetHeight}px`;
    this.dialog.replaceChildren(make("header", { class: "pl-large-head" }, make("h2", {}, this.heading()), close), this.body);
    this.dialog.showModal();
    this.moved(true);
    this.plot.focus();
  }

  back() {
    this.root.append(this.body);
    this.root.style.minHeight = "";
    this.moved(false);
    this.button.focus();
  }
}
