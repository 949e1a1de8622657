// The timeline on its page: the frames are fetched once, then the player has all it needs. Its place stands in the address.
import { plotly } from "./chart.js";
import { Player } from "./player.js";
import { icon, make, paint, plumb, read } from "./plumb.js";

const SETTLED = 150;

export default function timeline({ data, parentElement }) {
  const part = (parentElement.__timeline ||= new Part(parentElement));
  part.take(read(data));
  return () => part.leave();
}

class Part {
  constructor(parent) {
    this.told = make("p", { class: "pl-explain", role: "status" });
    this.newer = make("button", { type: "button", class: "pl-button pl-small", hidden: true, onclick: () => this.fetch() }, icon("refresh"), make("span", {}, "Newer rows: make the frames again"));
    this.place = make("div", { class: "pl-part" });
    this.file = make("a", { class: "pl-button pl-small", download: "" }, icon("file"), make("span", {}, "One file that plays anywhere"));
    this.notes = make("div", {});
    parent.append(styled(), this.told, this.place, this.notes, make("div", { class: "pl-player-foot" }, this.file, this.newer));
    this.follow = () => {
      this.player?.repaint();
      if (this.player?.count) this.player.show(this.player.index);
    };
  }

  take(given) {
    const same = this.given?.view === given.view && this.given?.version === given.version;
    this.given = given;
    addEventListener("plumb:theme", this.follow);
    this.player?.enter();
    this.file.href = `/export/${given.export}`;
    this.off?.();
    this.off = plumb.follow(given, (kind) => kind === "version" && (this.newer.hidden = false));
    if (!same) this.fetch();
  }

  async fetch() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.newer.hidden = true;
    if (!this.player) this.told.textContent = "Making the frames…";
    try {
      const [answer, library] = await Promise.all([fetch(`/view/${this.given.view}`, { headers: { accept: "application/json" } }), plotly()]);
      const payload = await answer.json();
      if (turn !== this.turn) return;
      if (!answer.ok || !payload.figures) throw new Error(payload.message ?? "No frame has a picture.");
      this.told.textContent = payload.sentence;
      this.notes.replaceChildren(...said(payload).map((text) => make("p", { class: "pl-warning", role: "note" }, text)));
      this.player ??= new Player(this.place, { library, paint: (figure) => paint(figure, this.place), moved: (state) => this.moved(state) });
      await this.player.load(payload, this.wanted(payload.frames.length));
      this.place.dataset.ready = String(performance.now());
    } catch (error) {
      if (turn === this.turn) this.told.textContent = `There are no frames: ${error.message}`;
    }
  }

  /** Where the address says it is; the last frame where it says nothing. */
  wanted(count) {
    const asked = new URLSearchParams(location.search);
    const frame = /^\d{1,4}$/.test(asked.get("frame") ?? "") ? Number(asked.get("frame")) : count;
    return { at: frame < 1 ? 0 : frame - 1, speed: Number(asked.get("speed") ?? 1), loop: asked.get("loop") === "1" };
  }

  /** The place goes into the address when it has settled; nothing is sent. */
  moved({ frame, speed, loop }) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const address = new URL(location.href);
      const put = (name, value, usual) => (value === usual ? address.searchParams.delete(name) : address.searchParams.set(name, value));
      put("frame", String(frame + 1), String(this.player.count));
      put("speed", String(speed), "1");
      put("loop", loop ? "1" : "0", "0");
      if (address.href !== location.href) history.replaceState(history.state, "", address);
    }, SETTLED);
  }

  leave() {
    clearTimeout(this.timer);
    this.off?.();
    removeEventListener("plumb:theme", this.follow);
    this.player?.leave();
  }
}

function said({ warnings, left_out }) {
  return left_out ? [...warnings, `${left_out} frames without a picture, or more than one file holds, are left out.`] : warnings;
}

function styled() {
  return make("link", { rel: "stylesheet", href: "/assets/player.css" });
}
