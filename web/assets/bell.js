// What one is told: a bell with the number of what was not read yet, and the list that it opens. It moves by events.
import { ago, arrange, icon, make, plumb } from "./plumb.js";

const SHOWN = 30;
const MOMENT = 15000;
let numbers = 0;

/** `act({do, id})` is called with what was chosen: open, act, read, read_all or all. */
export class Bell {
  constructor(act) {
    this.act = act;
    this.items = new Map();
    this.rows = new Map();
    const id = `pl-bell-${++numbers}`;
    this.count = make("span", { class: "pl-bell-count", "aria-hidden": "true" });
    this.element = make("button", { type: "button", class: "pl-tool pl-bell", "data-bell": "", popovertarget: id, "aria-haspopup": "dialog", "aria-expanded": "false" }, icon("bell"), this.count);
    this.all = make("button", { type: "button", class: "pl-linkish", onclick: () => this.readAll() }, "Mark all read");
    this.list = make("ul", { class: "pl-bell-list" });
    this.empty = make("p", { class: "pl-bell-empty" }, "Nothing to tell. Failed runs, alarms, refused files and finished reports appear here.");
    const more = make("button", { type: "button", class: "pl-linkish", onclick: () => this.choose("all") }, "All notifications");
    this.panel = make(
      "div", { id, popover: "auto", class: "pl-menu pl-bell-panel", role: "dialog", "aria-label": "Notifications", onkeydown: (event) => this.key(event) },
      make("div", { class: "pl-bell-head" }, make("h2", {}, "Notifications"), this.all), this.list, this.empty, make("div", { class: "pl-bell-foot" }, more),
    );
    this.panel.addEventListener("toggle", (event) => this.toggled(event.newState === "open"));
    this.said = make("span", { class: "pl-unseen", role: "status", "aria-live": "polite" });
  }

  /** What belongs into the page, the button first. */
  get parts() {
    return [this.element, this.panel, this.said];
  }

  /** The list as the page read it; later events are followed from there. */
  take(given) {
    this.unread = given.unread;
    this.items = new Map(given.items.map((item) => [item.id, item]));
    this.off?.();
    this.off = plumb.on(`user/${given.user}`, (kind, body) => kind === "notification" && this.moved(body), given.since);
    this.draw();
  }

  leave() {
    this.off?.();
    this.off = null;
    clearInterval(this.clock);
  }

  moved(body) {
    if (body.change === "told") {
      if ((this.items.get(body.item.id)?.at ?? "") >= body.item.at) return; // the page was read after it
      if (body.fresh) this.unread += 1;
      this.items.set(body.item.id, body.item);
      this.said.textContent = `New notification: ${body.item.title}`;
    }
    if (body.change === "read") {
      this.unread = body.ids === null ? 0 : Math.max(0, this.unread - body.ids.filter((id) => !this.items.get(id)?.read).length);
      for (const item of this.items.values()) if (body.ids === null || body.ids.includes(item.id)) item.read = true;
    }
    this.draw();
  }

  draw() {
    const shown = this.unread > 99 ? "99+" : String(this.unread);
    this.count.textContent = this.unread ? shown : "";
    this.count.hidden = !this.unread;
    this.element.dataset.bell = this.unread;
    this.element.setAttribute("aria-label", this.unread ? `Notifications, ${this.unread} not read` : "Notifications");
    this.all.hidden = !this.unread;
    const newest = [...this.items.values()].sort((one, other) => other.at.localeCompare(one.at) || other.id - one.id).slice(0, SHOWN);
    this.items = new Map(newest.map((item) => [item.id, item]));
    arrange(this.list, newest.map((item) => this.row(item)));
    for (const id of this.rows.keys()) if (!this.items.has(id)) this.rows.delete(id);
    this.list.hidden = !newest.length;
    this.empty.hidden = newest.length > 0;
  }

  /** The row of an item: the same element for as long as it says the same, so that the focus stays. */
  row(item) {
    const print = JSON.stringify(item);
    const known = this.rows.get(item.id);
    if (known?.print === print) {
      known.time.textContent = ago(item.at);
      return known.element;
    }
    const time = make("time", { datetime: item.at, title: item.at.slice(0, 19).replace("T", " ") + " UTC" }, ago(item.at));
    const open = make(
      "button", { type: "button", class: "pl-bell-open", onclick: () => this.choose("open", item) },
      make("span", { class: "pl-bell-title" }, item.read ? null : make("span", { class: "pl-bell-dot", title: "Not read" }), make("bdi", {}, item.title), item.read ? null : make("span", { class: "pl-unseen" }, " (not read)")),
      item.body ? make("span", { class: "pl-bell-body" }, item.body) : null,
      make("span", { class: "pl-bell-when" }, item.project ? `${item.project} · ` : null, time),
    );
    const action = item.action?.name ? make("button", { type: "button", class: "pl-button pl-small", "data-bell-act": item.action.name, onclick: () => this.choose("act", item) }, item.action.title) : null;
    const element = make("li", { class: "pl-bell-item", "data-notification": item.id, "data-level": item.level, "data-kind": item.kind, "data-read": item.read }, open, action);
    const focused = known?.element.contains(document.activeElement);
    this.rows.set(item.id, { element, print, time });
    if (focused) requestAnimationFrame(() => open.focus());
    return element;
  }

  choose(what, item) {
    this.panel.hidePopover(); // before anything is drawn anew, so that the focus goes back to the bell
    if (item && !item.read) {
      this.unread = Math.max(0, this.unread - 1);
      item.read = true;
      this.draw();
    }
    this.act({ do: what, id: item?.id ?? null });
  }

  readAll() {
    this.unread = 0;
    for (const item of this.items.values()) item.read = true;
    this.draw();
    (this.list.querySelector("button") ?? this.panel.querySelector(".pl-bell-foot button")).focus();
    this.act({ do: "read_all", id: null });
  }

  toggled(open) {
    this.element.setAttribute("aria-expanded", String(open));
    clearInterval(this.clock);
    if (!open) return;
    this.draw();
    this.place();
    this.clock = setInterval(() => this.draw(), MOMENT);
    (this.list.querySelector("button") ?? this.panel.querySelector("button:not([hidden])"))?.focus();
  }

  place() {
    const spot = this.element.getBoundingClientRect();
    this.panel.style.left = `${Math.max(8, Math.min(spot.right - this.panel.offsetWidth, innerWidth - this.panel.offsetWidth - 8))}px`;
    this.panel.style.top = `${spot.bottom + 6}px`;
    this.panel.style.maxHeight = `${innerHeight - spot.bottom - 18}px`;
  }

  /** Up and down go from one to the next, right to what can be done about it, left back. */
  key(event) {
    const items = [...this.list.querySelectorAll(".pl-bell-open")];
    const row = document.activeElement?.closest?.(".pl-bell-item");
    const here = row ? items.findIndex((item) => row.contains(item)) : -1;
    const goal = {
      ArrowDown: () => items[Math.min(here + 1, items.length - 1)],
      ArrowUp: () => items[Math.max(here - 1, 0)],
      Home: () => items[0],
      End: () => items.at(-1),
      ArrowRight: () => row?.querySelector("[data-bell-act]"),
      ArrowLeft: () => items[here],
    }[event.key]?.();
    if (!goal) return;
    event.preventDefault();
    event.stopPropagation();
    goal.focus();
  }
}

