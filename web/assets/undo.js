// What is looked at on a page of analyses, step by step: the address says all of it, so that undoing is going to an
// earlier one, as the browser's own button Back does. Each page of a tab has its steps, for as long as the tab is open.
import { icon, make } from "./plumb.js";

const KEPT = 50;
/** Until the address is at rest: one change of a page may write it several times. */
const REST = 350;
/** So long after a step the page may put the address into its own words. */
const OWN_WORDS = 2500;

class Steps {
  constructor() {
    this.buttons = new Set();
    this.went = 0;
    addEventListener("keydown", (event) => this.key(event));
    globalThis.navigation?.addEventListener?.("currententrychange", () => this.later());
  }

  get kept() {
    return `plumb.steps${location.pathname}`;
  }

  read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.kept)) ?? { now: null, past: [], future: [] };
    } catch {
      return { now: null, past: [], future: [] };
    }
  }

  write(steps) {
    sessionStorage.setItem(this.kept, JSON.stringify({ ...steps, past: steps.past.slice(-KEPT), future: steps.future.slice(-KEPT) }));
    this.show(steps);
  }

  later() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.note(), REST);
  }

  /** Put down where the page is now. */
  note() {
    clearTimeout(this.waiting);
    const { now, past, future } = this.read();
    const here = location.search;
    if (now === null || (plain(here) !== plain(now) && Date.now() - this.went < OWN_WORDS)) return this.write({ now: here, past, future });
    if (plain(here) === plain(now)) return this.show({ past, future });
    // The browser's own Back and Forward are steps too.
    if (past.length && plain(here) === plain(past.at(-1))) return this.write({ now: here, past: past.slice(0, -1), future: [...future, now] });
    if (future.length && plain(here) === plain(future.at(-1))) return this.write({ now: here, past: [...past, now], future: future.slice(0, -1) });
    this.write({ now: here, past: [...past, now], future: [] });
  }

  /** One step back, or forth again. */
  go(back) {
    this.note();
    const { now, past, future } = this.read();
    const [from, onto] = back ? [past, future] : [future, past];
    if (!from.length) return;
    const next = from.at(-1);
    const [left, more] = [from.slice(0, -1), [...onto, now]];
    this.went = Date.now();
    this.write({ now: next, past: back ? left : more, future: back ? more : left });
    history.pushState({}, "", `${location.pathname}${next}`);
    dispatchEvent(new PopStateEvent("popstate"));
  }

  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z" || typing(event.target)) return;
    if (![...this.buttons].some((pair) => pair.isConnected) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.go(!event.shiftKey);
  }

  /** The two buttons, for whoever has a place for them. */
  pair() {
    const button = (shape, label, keys, back) => make("button", { type: "button", class: "pl-tool", title: `${label} (${keys})`, "aria-label": label, onclick: () => this.go(back) }, icon(shape));
    const pair = make("span", { class: "pl-steps", role: "group", "aria-label": "Steps of this view" }, button("undo", "Undo", "Ctrl+Z", true), button("redo", "Redo", "Ctrl+Shift+Z", false));
    for (const old of this.buttons) if (!old.isConnected) this.buttons.delete(old);
    this.buttons.add(pair);
    this.show(this.read());
    return pair;
  }

  show({ past, future }) {
    for (const pair of this.buttons) {
      const [undo, redo] = pair.children;
      undo.disabled = !past.length;
      redo.disabled = !future.length;
    }
  }
}

/** An address whose parts stand in one order. */
function plain(search) {
  return [...new URLSearchParams(search)].map(([name, value]) => `${name}=${value}`).sort().join("&");
}

function typing(target) {
  return target instanceof Element && (target.isContentEditable || Boolean(target.closest("input, textarea, select")));
}

export const steps = (window.__plumbSteps ||= new Steps());
