// Where somebody is told of what: a row for each kind, a column for each channel. Tests report back by events.
import { ago, make, plumb, read } from "./plumb.js";
import { sureButton } from "./menu.js";

export default function channels({ data, parentElement, setTriggerValue }) {
  const part = (parentElement.__channels ||= new Channels(parentElement));
  part.fire = (name, value) => setTriggerValue(name, { ...value, at: Date.now() });
  part.take(read(data));
  return () => part.off?.();
}

class Channels {
  constructor(parent) {
    this.frame = make("div", { class: "pl-scroll pl-channels", role: "region", "aria-label": "Channels", tabindex: "0" });
    this.said = make("p", { class: "pl-unseen", role: "status" });
    parent.append(this.frame, this.said);
  }

  take(given) {
    this.given = given;
    this.off?.();
    this.off = plumb.on(`user/${given.user}`, (kind, body) => kind === "channel" && this.moved(body), given.since);
    this.draw();
  }

  moved(body) {
    const said = { sent: `${body.name} was reached.`, failed: `${body.name} was not reached.`, paused: `${body.name} is paused.` }[body.change];
    if (said) this.said.textContent = said;
    this.fire("changed", { change: body.change });
  }

  draw() {
    const { kinds, channels: known } = this.given;
    const head = make("tr", {}, make("th", { scope: "col" }, "What"), make("th", { scope: "col" }, "Bell"), ...known.map((channel) => this.head(channel)));
    const rows = kinds.map((kind) =>
      make("tr", {}, make("th", { scope: "row" }, make("span", {}, kind.title), make("span", { class: "pl-quiet" }, kind.says)), make("td", {}, make("span", { class: "pl-quiet" }, "always")), ...known.map((channel) => this.cell(kind, channel))),
    );
    const focused = this.frame.contains(document.activeElement) ? document.activeElement.dataset.place : null;
    this.frame.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
    if (focused) this.frame.querySelector(`[data-place="${CSS.escape(focused)}"]`)?.focus();
  }

  head(channel) {
    const [state, words] = stateOf(channel);
    const test = make("button", { type: "button", class: "pl-button pl-small", "data-place": `test-${channel.id}`, disabled: channel.testing, onclick: () => this.fire("act", { do: "test", id: channel.id }) }, channel.testing ? "Testing…" : "Send a test");
    const remove = sureButton({ class: "pl-button pl-small", "data-place": `remove-${channel.id}`, "aria-label": `Remove ${channel.name}` }, ["remove", "Remove", "Remove for good?"], () => this.fire("act", { do: "remove", id: channel.id }));
    return make(
      "th", { scope: "col", class: "pl-channel", "data-channel": channel.id, "data-state": state },
      make("bdi", {}, channel.name), make("span", { class: "pl-quiet" }, channel.shown), make("span", { class: "pl-channel-state" }, words), make("span", { class: "pl-channel-acts" }, test, remove),
    );
  }

  cell(kind, channel) {
    const box = make("input", { type: "checkbox", "aria-label": `${kind.title} to ${channel.name}`, "data-place": `${kind.name}-${channel.id}`, checked: channel.kinds.includes(kind.name) });
    box.addEventListener("change", () => {
      channel.kinds = box.checked ? [...channel.kinds, kind.name] : channel.kinds.filter((one) => one !== kind.name);
      this.fire("act", { do: "kinds", id: channel.id, kinds: channel.kinds.join(",") });
    });
    return make("td", {}, box);
  }
}

function stateOf(channel) {
  if (channel.testing) return ["testing", "A test is on its way."];
  if (channel.paused) return ["paused", `Paused. ${channel.error} Send a test once that is repaired.`];
  if (channel.error) return ["failing", `${channel.error} ${channel.tried ? `Tried ${ago(channel.tried)}.` : ""}`];
  return channel.tried ? ["reached", `Reached ${ago(channel.tried)}.`] : ["new", "Nothing was sent yet."];
}
