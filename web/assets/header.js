// The head of every page: where one is, whether events arrive and work is done, who is here, the bell, the theme, the person.
import { Bell } from "./bell.js";
import shell from "./bus.js";
import { under } from "./menu.js";
import { formats, icon, make, plumb, read, STATES } from "./plumb.js";
import { visit } from "./visits.js";

const THEMES = { light: "Light", dark: "Dark", system: "System" };
const ASK_EVERY = 30000;
const GOING = new Set(["queued", "running"]);

export default function header({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  Object.assign(formats, given.formats);
  const tell = (name, value) => setTriggerValue(name, value);
  shell(given, () => tell("resync", Date.now()));
  const shown = (parentElement.__header ||= new Header(parentElement));
  shown.tell = tell;
  shown.take(given);
  return () => shown.leave();
}

class Header {
  constructor(parent) {
    this.crumbs = make("ol", {});
    this.here = make("button", { type: "button", class: "pl-head-chip pl-head-here", popovertarget: "pl-here", "aria-label": "Who is here", hidden: true });
    this.names = make("div", { id: "pl-here", popover: "auto", class: "pl-menu pl-head-list" });
    this.work = make("a", { class: "pl-head-chip pl-head-work", hidden: true, onclick: (event) => this.follow(event, "runs", "") });
    this.live = make("span", { class: "pl-head-chip pl-head-live", role: "status" }, make("span", { class: "pl-dot" }), make("span", { "data-plumb-status": "" }, STATES[plumb.state]));
    this.person = make("div", { id: "pl-person", popover: "auto", class: "pl-menu pl-head-person" });
    this.initial = make("button", { type: "button", class: "pl-head-me", popovertarget: "pl-person" });
    this.bell = new Bell((chosen) => this.tell("ring", { ...chosen, at: Date.now() }));
    this.acts = make("div", { class: "pl-head-acts" }, this.live, this.work, this.here, this.names, ...this.bell.parts, this.initial, this.person);
    this.root = make("header", { class: "pl-header", "data-header": "" }, make("nav", { "aria-label": "Breadcrumbs" }, this.crumbs), this.acts);
    parent.append(this.root);
    under(this.names, this.here);
    under(this.person, this.initial);
    this.timer = setInterval(() => this.ask(), ASK_EVERY);
    this.offPresent = plumb.present((slug, names) => slug === this.given?.slug && this.show(names));
  }

  take(given) {
    const before = this.given;
    this.given = given;
    if (JSON.stringify(before?.crumbs) !== JSON.stringify(given.crumbs)) this.lead(given.crumbs);
    if (given.slug && given.visited) visit(given.slug, given.visited);
    this.meet(given);
    this.bell.take(given.bell);
    this.off?.();
    this.active = new Map(Object.entries(given.active));
    this.count();
    this.off = given.slug ? plumb.on(`project/${given.slug}`, (kind, body) => kind === "run" && this.moved(body), given.as_of) : null;
    if (before?.slug !== given.slug) this.ask();
  }

  /** The way to this page: the project, the decision, the page, what it looks at. */
  lead(crumbs) {
    this.crumbs.replaceChildren(...crumbs.map(({ title, page, query }, place) => {
      const last = place === crumbs.length - 1;
      const link = make("a", { href: address(page, query), "aria-current": last ? "page" : null, title, onclick: (event) => this.follow(event, page, query) }, make("bdi", {}, title));
      return make("li", {}, link);
    }));
  }

  follow(event, page, query) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.tell("go", { page, query, at: Date.now() });
  }

  meet({ name, role, theme }) {
    const print = JSON.stringify([name, role, theme]);
    if (this.met === print) return;
    this.met = print;
    this.initial.textContent = [...name][0]?.toUpperCase() ?? "?";
    this.initial.setAttribute("aria-label", `${name}: account, theme, shortcuts`);
    const choice = (value) => make("button", { type: "button", role: "radio", "aria-checked": String(value === theme), "data-theme-choice": value, onclick: () => this.prefer(value) }, THEMES[value]);
    const themes = make("div", { class: "pl-head-themes", role: "radiogroup", "aria-label": "Theme", onkeydown: steps }, ...Object.keys(THEMES).map(choice));
    const entry = (label, act) => make("button", { type: "button", onclick: () => (this.person.hidePopover(), act()) }, label);
    this.person.replaceChildren(
      make("p", { class: "pl-head-who" }, make("strong", {}, make("bdi", {}, name)), make("span", {}, role)),
      themes,
      entry("Settings", () => this.tell("go", { page: "settings", query: "", at: Date.now() })),
      entry("Keyboard shortcuts", () => dispatchEvent(new CustomEvent("plumb:shortcuts"))),
      make("form", { method: "post", action: "/auth/signout" }, make("button", { type: "submit" }, "Sign out")),
    );
  }

  /** The page takes the theme at once; the server keeps it meanwhile. */
  prefer(value) {
    for (const one of this.person.querySelectorAll("[data-theme-choice]")) one.setAttribute("aria-checked", String(one.dataset.themeChoice === value));
    dispatchEvent(new CustomEvent("plumb:prefer", { detail: { key: "theme", value } }));
    this.tell("prefer", { value, at: Date.now() });
  }

  moved({ run, state }) {
    if (GOING.has(state)) this.active.set(String(run), state);
    else this.active.delete(String(run));
    this.count();
  }

  count() {
    const running = [...this.active.values()].filter((state) => state === "running").length;
    const waiting = this.active.size - running;
    this.work.hidden = !this.active.size;
    this.work.href = address("runs", "");
    const told = [running ? `${running} running` : null, waiting ? `${waiting} waiting` : null].filter(Boolean).join(", ");
    this.work.replaceChildren(make("span", { class: "pl-head-spin", "aria-hidden": "true" }), make("span", {}, told));
  }

  ask() {
    if (this.given?.slug && !document.hidden) plumb.say({ here: this.given.slug });
  }

  show(names) {
    this.here.hidden = names.length < 2;
    this.here.replaceChildren(icon("people"), make("span", {}, String(names.length)));
    this.here.setAttribute("aria-label", `${names.length} people have this project open`);
    this.names.replaceChildren(make("p", { class: "pl-head-who" }, make("strong", {}, "Here now")), ...names.map((name) => make("p", {}, make("bdi", {}, name))));
  }

  leave() {
    this.off?.();
    this.offPresent();
    this.bell.leave();
    clearInterval(this.timer);
  }
}

function address(page, query) {
  return `/${page === "home" ? "" : page}${query ? `?${query}` : ""}`;
}

/** Arrows in a row of choices. */
function steps(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.children];
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
}
