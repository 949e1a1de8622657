// The player of a timeline: all frames are here already, so that playing asks nobody for anything. Needs no other file.

const RATE = 4;
const SPEEDS = [0.5, 1, 2, 4, 8];
const CONFIG = { displayModeBar: false, displaylogo: false, doubleClick: "reset", scrollZoom: false, plotGlPixelRatio: 1 };
const GAP = 65535;
const NARROW = 520;
const SVG = "http://www.w3.org/2000/svg";
const KINDS = { f4: Float32Array, f8: Float64Array, i4: Int32Array, u2: Uint16Array };
const SHAPES = {
  play: "M6 4.500v11l9-5.500z",
  pause: "M6.500 4.500v11 M13.500 4.500v11",
  first: "M5 5v10 M15 5l-7 5 7 5z",
  last: "M15 5v10 M5 5l7 5-7 5z",
  back: "M13 5l-7 5 7 5z",
  next: "M7 5l7 5-7 5z",
  earlier: "M8 4v12 M15 6.500 11 10l4 3.500",
  later: "M12 4v12 M5 6.500 9 10l-4 3.500",
  loop: "M4.500 9a5.500 5.500 0 0 1 9.500-3l1.500 1.500 M15.500 4v3.500H12 M15.500 11a5.500 5.500 0 0 1-9.500 3L4.500 12.500 M4.500 16v-3.500H8",
};

/** An element with attributes, handlers and children; text is always text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function drawn(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function picture(name) {
  const svg = drawn("svg", { viewBox: "0 0 20 20", class: "pl-icon", "aria-hidden": "true" });
  svg.append(drawn("path", { d: SHAPES[name] }));
  return svg;
}

/** Numbers that travelled as base64. */
export function numbers({ dtype, bdata, low, step }) {
  const bytes = Uint8Array.from(atob(bdata), (mark) => mark.charCodeAt(0));
  const found = new KINDS[dtype](bytes.buffer);
  return step === undefined ? found : Float32Array.from(found, (level) => (level === GAP ? NaN : low + step * level));
}

/** What many figures share, and what changes: each frame's own values, cut out of the bytes once. */
export class Frames {
  constructor({ base, changes, count }, paint) {
    this.count = count;
    this.base = paint(base);
    this.changes = changes.map(({ path, numbers: packed, lengths, width, values, at }) => {
      if (!packed) return { path, of: at.map((place) => (place < 0 ? undefined : painted(path, values[place], paint))) };
      const flat = numbers(packed);
      let from = 0;
      const cut = (length) => flat.subarray(from, (from += length));
      const own = lengths.map((length) => (length < 0 ? undefined : width ? Array.from({ length }, () => cut(width)) : cut(length)));
      return { path, of: own };
    });
    this.steady = !changes.some(({ path }) => path[0] === "layout");
  }

  /** The figure of one frame: new objects along what changes, the rest as it was. */
  at(index) {
    const data = this.base.data.map((trace) => ({ ...trace }));
    const layout = { ...this.base.layout };
    const whole = { data, layout };
    const fresh = new Set([data, layout, ...data]);
    for (const { path, of } of this.changes) put(whole, path, of[index], fresh);
    return { data: data.filter((trace) => trace && trace.type), layout };
  }
}

/** A value with its colours of the page, by what it stands under. */
function painted(path, value, paint) {
  const key = [...path].reverse().find((part) => typeof part === "string");
  return paint({ [key]: value })[key];
}

/** Where nothing around the picture changes, the room it has is known from the first frame: Plotly need not measure. */
function settled(layout, { l, r, t, b }) {
  layout.margin = { l, r, t, b, autoexpand: false };
  for (const name of Object.keys(layout)) if (/^[xy]axis\d*$/.test(name)) layout[name] = { ...layout[name], automargin: false };
}

function put(whole, path, value, fresh) {
  let place = whole;
  for (const step of path.slice(0, -1)) {
    let next = place[step] ?? {};
    if (!fresh.has(next)) {
      next = Array.isArray(next) ? [...next] : { ...next };
      fresh.add(next);
    }
    place[step] = next;
    place = next;
  }
  const last = path.at(-1);
  if (value === undefined) delete place[last];
  else {
    if (value && typeof value === "object" && !ArrayBuffer.isView(value)) {
      value = Array.isArray(value) ? [...value] : { ...value };
      fresh.add(value);
    }
    place[last] = value;
  }
}

export class Player {
  /** `library` is Plotly, `paint` puts the colours of the page into a figure, `moved` hears of the place and the speed. */
  constructor(place, { library, paint, moved = () => {} }) {
    Object.assign(this, { library, paint, moved, index: 0, speed: 1, looping: false, playing: false, drawnFrames: 0 });
    this.build(place);
    this.sized = new ResizeObserver(() => this.payload && this.fit());
    this.typed = (event) => event.target === document.body && this.key(event);
    this.enter();
  }

  /** Follow the place and the keys, also after `leave`. */
  enter() {
    this.sized.observe(this.stage);
    document.addEventListener("keydown", this.typed);
    if (this.frames && !this.plot.data) this.show(this.index);
  }

  build(place) {
    this.label = element("strong", { class: "pl-player-label" });
    this.number = element("span", { class: "pl-player-number" });
    this.sentence = element("p", { class: "pl-player-sentence" });
    this.said = element("div", { class: "pl-unseen", "aria-live": "polite" });
    this.plot = element("div", { class: "pl-plot", role: "img" });
    this.stage = element("div", { class: "pl-stage" }, this.plot);
    this.range = element("input", { type: "range", min: 0, step: 1, class: "pl-player-range", "aria-label": "Frame", oninput: () => this.seek(Number(this.range.value)) });
    this.strip = drawn("svg", { class: "pl-player-strip", "aria-hidden": "true", preserveAspectRatio: "none" });
    this.strip.addEventListener("pointerdown", (event) => this.scrub(event));
    this.strip.addEventListener("pointermove", (event) => event.buttons && this.scrub(event));
    this.caption = element("span", { class: "pl-player-caption" });
    this.playButton = this.button("play", "Play (Space)", () => this.toggle());
    this.loopButton = this.button("loop", "Play in a loop (L)", () => this.loop());
    this.speeds = element("select", { class: "pl-player-speed", "aria-label": "Speed", onchange: () => this.setSpeed(Number(this.speeds.value)) });
    for (const speed of SPEEDS) this.speeds.append(element("option", { value: speed }, `${speed}×`));
    const tools = element(
      "div",
      { class: "pl-player-tools", role: "toolbar", "aria-label": "Player" },
      this.button("first", "First frame (Home)", () => this.seek(0)),
      this.button("back", "One frame back (←)", () => this.step(-1)),
      this.playButton,
      this.button("next", "One frame on (→)", () => this.step(1)),
      this.button("last", "Last frame (End)", () => this.seek(this.count - 1)),
      (this.earlier = this.button("earlier", "The change before (Shift+←)", () => this.jump(-1))),
      (this.later = this.button("later", "The next change (Shift+→)", () => this.jump(1))),
      this.loopButton,
      this.speeds,
      (this.fraction = element("span", { class: "pl-player-fraction" })),
    );
    const head = element("div", { class: "pl-player-head" }, this.label, this.number);
    const line = element("div", { class: "pl-player-line" }, this.strip, this.caption);
    this.root = element(
      "div",
      { class: "pl-player", role: "region", tabindex: "0", "aria-label": "Timeline. Space plays, the arrows go frame by frame, digits to tenths.", onkeydown: (event) => this.key(event) },
      head,
      this.sentence,
      this.stage,
      tools,
      this.range,
      line,
      (this.table = element("details", { class: "pl-player-table", ontoggle: () => this.list() }, element("summary", {}, "All frames as a table"))),
      this.said,
    );
    place.append(this.root);
  }

  button(shape, label, onclick) {
    return element("button", { type: "button", class: "pl-tool", title: label, "aria-label": label, onclick }, picture(shape));
  }

  get count() {
    return this.payload?.frames.length ?? 0;
  }

  /** Take the frames; `at` and `speed` are where to begin. It never begins to play by itself. */
  load(payload, { at = payload.frames.length - 1, speed = 1, loop = false } = {}) {
    this.pause();
    this.payload = payload;
    this.values = Object.fromEntries(["value", "low", "high"].map((name) => [name, numbers(payload.line[name])]));
    this.range.max = this.count - 1;
    for (const button of [this.earlier, this.later]) button.hidden = !payload.events.length;
    this.setSpeed(SPEEDS.includes(speed) ? speed : 1, false);
    this.looping = loop;
    this.loopButton.setAttribute("aria-pressed", String(loop));
    this.repaint();
    this.list();
    return this.show(Math.min(Math.max(at, 0), this.count - 1));
  }

  /** The colours of the page have changed. */
  repaint() {
    if (!this.payload?.figures) return;
    this.frames = new Frames(this.payload.figures, this.paint);
    this.room = null;
    this.line();
  }

  // ------------------------------------------------------------ what is seen

  async show(index) {
    if (!this.count || !this.frames) return;
    this.index = index;
    const { label, sentence, rows, alt } = this.payload.frames[index];
    this.label.textContent = label;
    this.number.textContent = `${this.payload.line.title} ${this.payload.line.said[index]}`;
    this.sentence.textContent = sentence;
    this.fraction.textContent = `${index + 1} of ${this.count} · ${rows.toLocaleString("en-US")} rows`;
    this.range.value = index;
    this.range.setAttribute("aria-valuetext", label);
    this.plot.setAttribute("aria-label", alt);
    this.root.dataset.frame = index;
    this.mark();
    if (!this.playing) this.said.textContent = `${label}: ${sentence}`;
    const { data, layout } = this.frames.at(index);
    this.width ||= this.stage.clientWidth;
    if (this.width < NARROW && layout.yaxis) layout.yaxis = { ...layout.yaxis, title: { text: "" } };
    Object.assign(layout, { width: this.width, paper_bgcolor: "rgba(0,0,0,0)", uirevision: "kept", transition: { duration: 0 } });
    this.stage.style.minHeight = `${layout.height ?? 380}px`;
    if (this.room) settled(layout, this.room);
    await this.library.react(this.plot, data, layout, CONFIG);
    this.room ??= this.frames.steady && this.plot._fullLayout?._size;
    this.drawnFrames += 1;
    this.root.dataset.drawn = this.drawnFrames;
  }

  fit() {
    const width = this.stage.clientWidth;
    if (!width || width === this.width) return;
    this.width = width;
    this.room = null;
    this.line();
    this.show(this.index);
  }

  /** The leading number of all frames as a small line, with its interval, where the verdict changes, and where we are. */
  line() {
    const { value, low, high } = this.values;
    const known = [...value, ...low, ...high].filter(Number.isFinite);
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const across = (place) => (this.count < 2 ? 50 : (place / (this.count - 1)) * 100);
    const up = (one) => 34 - ((one - least) / (most - least || 1)) * 30;
    const points = (list) => [...list].flatMap((one, place) => (Number.isFinite(one) ? [`${across(place).toFixed(3)},${up(one).toFixed(2)}`] : []));
    this.strip.setAttribute("viewBox", "0 0 100 38");
    const band = [...points(high), ...points(low).reverse()];
    this.cursor = drawn("line", { y1: 0, y2: 38, class: "pl-player-cursor" });
    this.strip.replaceChildren(
      ...this.payload.events.map(({ frame, kind, said }) => {
        const tick = drawn("line", { x1: across(frame), x2: across(frame), y1: 0, y2: 38, class: `pl-player-event pl-player-${kind}` });
        const title = drawn("title", {});
        title.textContent = `${this.payload.frames[frame].label}: ${said}`;
        tick.append(title);
        return tick;
      }),
      drawn("polygon", { points: band.join(" "), class: "pl-player-band" }),
      drawn("polyline", { points: points(value).join(" "), class: "pl-player-value" }),
      this.cursor,
    );
    const ends = known.length ? ` · from ${this.payload.line.said[0]} to ${this.payload.line.said.at(-1)}` : "";
    this.caption.textContent = `${this.payload.line.title} over all frames${ends}`;
    this.mark();
  }

  /** Every frame as a row, made when it is asked for. */
  list() {
    if (!this.table.open) return;
    const { title, said } = this.payload.line;
    const head = element("tr", {}, ...["Frame", title, "Verdict", "Rows"].map((name) => element("th", { scope: "col" }, name)));
    const rows = this.payload.frames.map(({ label, verdict, rows: counted }, place) =>
      element("tr", {}, ...[label, said[place], verdict.replaceAll("_", " "), counted.toLocaleString("en-US")].map((cell) => element("td", {}, cell))),
    );
    const table = element("table", { class: "pl-table" }, element("thead", {}, head), element("tbody", {}, ...rows));
    this.table.replaceChildren(this.table.firstChild, element("div", { class: "pl-scroll", tabindex: "0", role: "region", "aria-label": "All frames" }, table));
  }

  mark() {
    if (!this.cursor) return;
    const place = this.count < 2 ? 50 : (this.index / (this.count - 1)) * 100;
    this.cursor.setAttribute("x1", place);
    this.cursor.setAttribute("x2", place);
  }

  // ------------------------------------------------------------ time

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.playing || this.count < 2) return;
    this.playing = true;
    if (this.index === this.count - 1) this.index = 0;
    this.begin();
    this.look("pause", "Pause (Space)");
    this.run(++this.turn);
  }

  turn = 0;

  begin() {
    this.began = performance.now();
    this.from = this.index;
  }

  /** One frame after the other at the speed that was chosen; where drawing is slower, the clock waits for no frame. */
  async run(turn) {
    await this.show(this.index);
    while (this.playing && turn === this.turn) {
      await new Promise((next) => requestAnimationFrame(next));
      if (!this.playing || turn !== this.turn) return;
      const due = this.from + Math.floor(((performance.now() - this.began) / 1000) * RATE * this.speed);
      if (due <= this.index) continue;
      if (due >= this.count) {
        if (this.looping) {
          this.index = 0;
          this.begin();
        } else {
          await this.show(this.count - 1);
          this.pause();
          return;
        }
      } else this.index = due;
      await this.show(this.index);
    }
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.turn += 1;
    this.look("play", "Play (Space)");
    this.tell();
    this.said.textContent = `${this.label.textContent}: ${this.sentence.textContent}`;
  }

  look(shape, label) {
    this.playButton.replaceChildren(picture(shape));
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
    this.root.toggleAttribute("data-playing", this.playing);
  }

  seek(index) {
    if (!this.count) return;
    this.show(Math.min(Math.max(index, 0), this.count - 1));
    if (this.playing) this.begin();
    else this.tell();
  }

  step(by) {
    this.pause();
    this.seek(this.index + by);
  }

  /** To the next place where something changed, or the one before. */
  jump(direction) {
    const places = this.payload.events.map(({ frame }) => frame);
    const found = direction > 0 ? places.find((place) => place > this.index) : places.findLast((place) => place < this.index);
    if (found !== undefined) this.seek(found);
  }

  loop() {
    this.looping = !this.looping;
    this.loopButton.setAttribute("aria-pressed", String(this.looping));
    this.tell();
  }

  setSpeed(speed, told = true) {
    this.speed = speed;
    this.speeds.value = String(speed);
    if (this.playing) this.begin();
    else if (told) this.tell();
  }

  scrub(event) {
    const box = this.strip.getBoundingClientRect();
    this.seek(Math.round(((event.clientX - box.left) / box.width) * (this.count - 1)));
  }

  tell() {
    this.moved({ frame: this.index, speed: this.speed, loop: this.looping });
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.count || ["SELECT", "SUMMARY"].includes(event.target.tagName)) return;
    const faster = SPEEDS[Math.min(SPEEDS.indexOf(this.speed) + 1, SPEEDS.length - 1)];
    const slower = SPEEDS[Math.max(SPEEDS.indexOf(this.speed) - 1, 0)];
    const keys = {
      " ": () => this.toggle(),
      ArrowLeft: () => (event.shiftKey ? this.jump(-1) : this.step(-1)),
      ArrowRight: () => (event.shiftKey ? this.jump(1) : this.step(1)),
      Home: () => this.seek(0),
      End: () => this.seek(this.count - 1),
      l: () => this.loop(),
      "[": () => this.setSpeed(slower),
      "]": () => this.setSpeed(faster),
    };
    const digit = /^[0-9]$/.test(event.key) ? () => this.seek(Math.round((Number(event.key) / 9) * (this.count - 1))) : null;
    const act = digit ?? keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act || (event.key === " " && event.target.tagName === "BUTTON" && event.target !== this.playButton)) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  }

  leave() {
    this.pause();
    this.sized.disconnect();
    document.removeEventListener("keydown", this.typed);
    if (this.plot.data) this.library.purge(this.plot);
  }
}
