// A surface over two parameters: turned by mouse and keys, cut by two sliders, coarse at first and fine once its tiles are there.
import { plotly } from "./chart.js";
import { LargeView, tool } from "./large.js";
import { Address, download, make, paint, read, significant } from "./plumb.js";
import { VIEWS, angles, camera, fill, flat, ridge, scene, section, sectionFigure, shades, sketch, valueAt } from "./surface_scene.js";
import { fetchGrid } from "./surface_tiles.js";

const TURN = 7.5;
const CLOSER = 0.88;
const LATER = 500;
const NARROW = 520;
const CONFIG = { displayModeBar: false, displaylogo: false, doubleClick: false, scrollZoom: false, plotGlPixelRatio: Math.min(2, devicePixelRatio) };
const KEYS = { 1: "iso", 2: "top", 3: "x", 4: "y", r: "iso", R: "iso" };
const NAMES = { iso: "Iso", top: "Top", x: "x side", y: "y side" };

/** Whether this browser draws in three dimensions at all. */
const deep = () => {
  const canvas = document.createElement("canvas");
  try {
    return Boolean(canvas.getContext("webgl2") ?? canvas.getContext("webgl"));
  } catch {
    return false;
  }
};

export default function surface({ data, parentElement, setTriggerValue }) {
  const part = (parentElement.__surface ||= new Surface(parentElement));
  part.put = (value) => setTriggerValue("put", value);
  part.take(read(data));
  return () => part.leave();
}

class Surface {
  constructor(parent) {
    this.deep = deep();
    this.look = { band: false, error: false, points: true, flat: !this.deep };
    this.at = VIEWS.iso;
    this.address = new Address();
    this.build(parent);
    this.follow = () => this.draw();
    addEventListener("plumb:theme", this.follow);
    this.sized = new ResizeObserver(([entry]) => this.fit(Math.floor(entry.contentRect.width)));
    this.sized.observe(this.stage);
  }

  fit(width) {
    if (width === this.width) return;
    this.width = width;
    if (this.drawn) this.draw();
  }

  // ------------------------------------------------------------ what it is made of

  build(parent) {
    const view = (name, key) => make("button", { type: "button", class: "pl-tool pl-tool-text", title: `${NAMES[name]} (${key})`, onclick: () => this.turn(VIEWS[name]) }, NAMES[name]);
    this.views = make("div", { class: "pl-views", role: "group", "aria-label": "Views" }, view("iso", 1), view("top", 2), view("x", 3), view("y", 4));
    this.switches = Object.fromEntries(
      [["band", "Interval"], ["error", "Colour by error"], ["points", "Trials"], ["flat", "Contours"]].map(([name, label]) => [name, make("button", { type: "button", class: "pl-tool pl-tool-text", onclick: () => this.toggle(name) }, label)]),
    );
    this.large = new LargeView(() => this.enlarged());
    this.tools = make(
      "div",
      { class: "pl-tools", role: "toolbar", "aria-label": "Surface" },
      ...Object.values(this.switches),
      (this.tableButton = tool("table", "Table", () => this.toggleTable())),
      tool("image", "Download PNG", () => this.image()),
      this.large.button,
    );
    this.plot = make("div", { class: "pl-plot pl-surface-plot", tabindex: "0", role: "group", "aria-roledescription": "surface", onkeydown: (event) => this.key(event) });
    this.stage = make("div", { class: "pl-stage pl-surface-stage", "data-waiting": true }, this.plot);
    this.state = make("p", { class: "pl-surface-state pl-quiet", role: "status" });
    this.cutters = { x: this.cutter("x"), y: this.cutter("y") };
    this.twin = make("div", { class: "pl-twin", hidden: true, tabindex: "0", role: "region", "aria-label": "The same as a table" });
    const cuts = make("div", { class: "pl-surface-cuts" }, this.cutters.y.root, this.cutters.x.root);
    this.body = make("div", { class: "pl-body" }, make("div", { class: "pl-head" }, this.views, this.tools), this.stage, this.state, cuts, this.twin);
    this.root = make("figure", { class: "pl-chart pl-surface" }, this.body);
    this.large.of(this.root, this.body, this.plot, () => this.given.heading);
    parent.append(this.root, this.large.dialog);
  }

  /** A slider that fixes one parameter, above the line along the other. */
  cutter(axis) {
    const label = make("span", { class: "pl-surface-label" });
    const slider = make("input", { type: "range", min: "0", step: "1", oninput: () => this.cut(axis, Number(slider.value)) });
    const plot = make("div", { class: "pl-surface-cut" });
    return { label, slider, plot, root: make("div", { class: "pl-surface-cutter" }, make("label", {}, label, slider), plot) };
  }

  // ------------------------------------------------------------ data

  take(given) {
    this.given = given;
    const same = this.stamp === given.stamp;
    this.obey(given.shown);
    if (!same) {
      this.stamp = given.stamp;
      this.coarse();
    }
    const cuts = JSON.stringify(given.cuts);
    if (!same || (this.heardCuts !== cuts && !this.timer)) this.placeCuts(given.cuts);
    this.heardCuts = cuts;
    this.root.dataset.surface = given.picture.form;
    this.plot.setAttribute("aria-label", `${this.alt()} Arrow keys turn it, plus and minus zoom, 1 to 4 are views, R resets.`);
    if (!same) this.first();
    this.draw();
    if (!same) this.refine();
  }

  alt() {
    const { axes, metric, best, points } = this.given.picture;
    const where = axes.map((axis, place) => `${axis.name} ${significant(place ? best.y : best.x)}`).join(" and ");
    return `Surface of ${metric} over ${axes[0].name} and ${axes[1].name}, best near ${where}, of ${points.x.length} points.`;
  }

  /** The coarse grid that came with the page. */
  coarse() {
    const { picture } = this.given;
    const numbers = (rows) => rows && rows.map((row) => Float32Array.from(row, (value) => value ?? NaN));
    this.began = performance.now();
    this.grid = { x: picture.x, y: picture.y, value: numbers(picture.value), error: this.given.spread ? numbers(picture.error) : null };
    this.root.dataset.grid = String(picture.x.length);
    for (const name of ["refined", "drawn"]) delete this.root.dataset[name];
  }

  /** A quick sketch of it, until the real picture is drawn. */
  first() {
    if (this.drawn) return;
    this.measure();
    const [width, height] = [this.stage.clientWidth || 600, this.height()];
    this.sketch ??= this.stage.appendChild(make("canvas", { class: "pl-surface-sketch", "aria-hidden": "true" }));
    Object.assign(this.sketch, { width, height });
    sketch(this.sketch, { picture: this.given.picture, grid: this.grid, at: this.seen(), ...paint(shades(), this.root) });
    this.stage.removeAttribute("data-waiting");
    this.root.dataset.first = String(Math.round(performance.now() - this.began));
  }

  /** Where it is looked at from: from further away where there is little room. */
  seen() {
    const [around, above, far] = this.at;
    return [around, above, this.look.narrow ? far * 1.3 : far];
  }

  /** Fetch the fine one: first its heights, then its standard errors. */
  async refine() {
    this.fetching?.abort();
    const { signal } = (this.fetching = new AbortController());
    const { tiles, resolution, picture, spread } = this.given;
    const stamp = this.stamp;
    const line = (axis) => Array.from({ length: resolution }, (_, place) => valueAt(axis, place / (resolution - 1)));
    this.state.textContent = "Coarse picture; the fine one is on its way.";
    try {
      const value = await fetchGrid(tiles, "value", resolution, (rows) => (this.state.textContent = `Coarse picture; ${rows} of ${resolution} rows of the fine one are here.`), signal);
      const error = spread ? await fetchGrid(tiles, "error", resolution, () => {}, signal) : null;
      if (stamp !== this.stamp) return;
      const cuts = { x: this.grid.x[this.cuts.x], y: this.grid.y[this.cuts.y] };
      this.grid = { x: line(picture.axes[0]), y: line(picture.axes[1]), value, error };
      this.placeCuts(cuts);
      this.root.dataset.grid = String(resolution);
      this.state.textContent = "";
      await this.draw();
      this.root.dataset.refined = String(Math.round(performance.now() - this.began));
    } catch (fault) {
      if (fault.name !== "AbortError") this.state.textContent = "The fine picture could not be fetched; this is the coarse one.";
    }
  }

  // ------------------------------------------------------------ what the address says

  /** `cam:-50:28:205,band,error,flat,nopoints`, in this order; nothing where it is as usual. */
  words() {
    const [around, above, far] = this.at;
    const usual = VIEWS.iso.every((part, place) => Math.abs(part - this.at[place]) < 0.01);
    const camera = usual ? [] : [`cam:${Math.round(around)}:${Math.round(above)}:${Math.round(100 * far)}`];
    const { band, error, points, flat: level } = this.look;
    return [...camera, band && "band", error && "error", level && this.deep && "flat", !points && "nopoints"].filter(Boolean).join(",");
  }

  obey(shown) {
    if (!this.address.news(shown) || this.timer) return;
    const words = shown.split(",");
    const seen = words.map((word) => /^cam:(-?\d{1,3}):(-?\d{1,2}):(\d{2,3})$/.exec(word)).find(Boolean);
    this.at = seen ? [Number(seen[1]), Number(seen[2]), Number(seen[3]) / 100] : VIEWS.iso;
    this.look = { band: words.includes("band"), error: words.includes("error"), points: !words.includes("nopoints"), flat: !this.deep || words.includes("flat") };
  }

  /** Put it into the address once nothing moves any more. */
  tell() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const view = this.words();
      this.address.tell(view);
      const cut = (axis) => (this.moved?.[axis] ? String(Number(this.grid[axis][this.cuts[axis]].toPrecision(6))) : undefined);
      this.put({ view, cut_x: cut("x"), cut_y: cut("y") });
    }, LATER);
  }

  // ------------------------------------------------------------ drawing

  draw() {
    this.turnOf = (this.turnOf ?? Promise.resolve()).catch(() => {}).then(() => this.drawNow());
    return this.turnOf;
  }

  async drawNow() {
    const library = await plotly();
    if (!this.root.isConnected) return;
    this.measure();
    const kind = this.look.flat ? "flat" : "deep";
    if (this.kind && this.kind !== kind) library.purge(this.plot);
    const about = { picture: this.given.picture, grid: this.grid, look: { ...this.look, band: this.look.band && Boolean(this.grid.error), error: this.look.error && Boolean(this.grid.error) }, spread: this.given.spread, cuts: this.cuts, at: this.seen() };
    const { data, layout } = paint(kind === "flat" ? flat(about) : scene(about), this.root);
    Object.assign(layout, { width: this.width, height: this.height() });
    if (kind === "deep") fill({ data }, about);
    await library.react(this.plot, data, layout, CONFIG);
    if (this.kind !== kind) this.listen(kind);
    this.kind = kind;
    this.drawn = true;
    this.sketch?.remove();
    this.sketch = null;
    this.stage.removeAttribute("data-waiting");
    this.root.dataset.drawn ??= String(Math.round(performance.now() - this.began));
    this.root.dataset.kind = kind;
    this.mark();
    await this.drawCuts(library);
  }

  measure() {
    this.width ||= this.stage.clientWidth;
    this.look.narrow = this.width < NARROW;
  }

  height() {
    if (this.large.open) return Math.round(innerHeight * 0.62);
    return this.look.narrow ? 360 : 520;
  }

  listen(kind) {
    if (kind !== "deep") return;
    this.plot.on("plotly_relayout", (change) => {
      const seen = change["scene.camera"];
      if (!seen || this.turning) return;
      const [around, above, far] = angles(seen);
      this.at = [around, above, this.look.narrow ? far / 1.3 : far];
      this.tell();
    });
  }

  async drawCuts(library) {
    for (const [axis, key, tone] of [["y", "cut_x", "fourth"], ["x", "cut_y", "second"]]) {
      const { plot, label, slider } = this.cutters[axis];
      const cut = section({ picture: this.given.picture, grid: this.grid, spread: this.given.spread }, key, this.cuts);
      const said = `${cut.other.name} ${significant(cut.fixed)}`;
      label.textContent = `At ${said}`;
      slider.max = String(this.grid[axis].length - 1);
      slider.value = String(this.cuts[axis]);
      slider.setAttribute("aria-valuetext", said);
      slider.setAttribute("aria-label", `Cut at ${cut.other.name}`);
      const known = cut.value.filter((one) => one !== null);
      plot.setAttribute("role", "img");
      plot.setAttribute("aria-label", known.length ? `${this.given.picture.metric} along ${cut.axis.name} at ${said}: from ${significant(Math.min(...known))} to ${significant(Math.max(...known))}, ${cut.near.length} trials near it.` : `Nothing was tried at ${said}.`);
      const { data, layout } = paint(sectionFigure(cut, this.given.picture.metric, tone), this.root);
      await library.react(plot, data, { ...layout, width: plot.clientWidth || undefined, height: 230 }, CONFIG);
    }
    if (!this.twin.hidden) this.fillTable();
  }

  mark() {
    for (const [name, button] of Object.entries(this.switches)) button.setAttribute("aria-pressed", String(Boolean(this.look[name])));
    for (const name of ["band", "error"]) this.switches[name].disabled = !this.grid.error;
    this.switches.band.hidden = this.look.flat;
    this.switches.flat.hidden = !this.deep;
    this.views.toggleAttribute("data-off", this.look.flat);
    if (!this.deep && !this.state.textContent) this.state.textContent = "This browser has no WebGL: the contours stand in for the surface.";
  }

  // ------------------------------------------------------------ turning and cutting

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== this.plot) return;
    const [around, above, far] = this.at;
    const turned = { ArrowLeft: [around - TURN, above, far], ArrowRight: [around + TURN, above, far], ArrowUp: [around, Math.min(89, above + TURN), far], ArrowDown: [around, Math.max(-10, above - TURN), far], "+": [around, above, Math.max(0.6, far * CLOSER)], "=": [around, above, Math.max(0.6, far * CLOSER)], "-": [around, above, Math.min(5, far / CLOSER)], "−": [around, above, Math.min(5, far / CLOSER)] }[event.key] ?? VIEWS[KEYS[event.key]];
    if (!turned) return;
    event.preventDefault();
    event.stopPropagation();
    this.turn(turned);
  }

  turn([around, above, far]) {
    this.at = [((around + 540) % 360) - 180, above, far];
    this.root.dataset.camera = this.at.map((part) => part.toFixed(2)).join(" ");
    if (this.look.flat) return;
    this.turned = true;
    this.turning ??= this.followTurns().finally(() => (this.turning = null));
    this.tell();
  }

  /** One picture at a time, each of the newest angle: turns that come while one is drawn are neither lost nor queued. */
  async followTurns() {
    while (this.turned) {
      this.turned = false;
      await window.__PL?.relayout(this.plot, { "scene.camera": camera(this.seen()) });
    }
  }

  toggle(name) {
    this.look[name] = !this.look[name];
    this.draw();
    this.tell();
  }

  /** Put the sliders where these values lie on the present grid. */
  placeCuts(values) {
    const nearest = (list, value) => list.reduce((best, place, index) => (Math.abs(place - value) < Math.abs(list[best] - value) ? index : best), 0);
    this.cuts = { x: nearest(this.grid.x, values.x), y: nearest(this.grid.y, values.y) };
  }

  async cut(axis, place) {
    this.cuts[axis] = place;
    this.moved = { ...this.moved, [axis]: true };
    this.tell();
    const library = await plotly();
    this.drawCuts(library);
    if (this.kind === "flat") this.draw();
    else
      for (const key of ["cut_x", "cut_y"]) {
        const trace = this.plot.data.findIndex(({ meta }) => meta?.key === key);
        const { x, y, z } = ridge(this.grid, key, this.cuts);
        if (trace >= 0) library.restyle(this.plot, { x: [x], y: [y], z: [z] }, [trace]);
      }
  }

  // ------------------------------------------------------------ table, large view, picture

  toggleTable(open = this.twin.hidden) {
    this.twin.hidden = !open;
    this.tableButton.setAttribute("aria-expanded", String(open));
    if (open) this.fillTable();
  }

  /** The trials, and what the surface says along the two cuts. */
  fillTable() {
    const { axes, metric, points } = this.given.picture;
    const table = (caption, columns, rows) => make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, typeof cell === "string" ? cell : significant(cell)))))));
    const trials = points.run.map((run, place) => [run, points.x[place], points.y[place], points.value[place]]);
    const cuts = ["cut_x", "cut_y"].map((key) => {
      const cut = section({ picture: this.given.picture, grid: this.grid, spread: this.given.spread }, key, this.cuts);
      const every = Math.max(1, Math.floor(cut.places.length / 25));
      const rows = cut.places.map((place, index) => [place, cut.value[index], cut.low?.[index], cut.high?.[index]]).filter((row, index) => index % every === 0 && row[1] !== null);
      return table(`At ${cut.other.name} ${significant(cut.fixed)}`, [cut.axis.name, metric, "low", "high"], rows);
    });
    this.twin.replaceChildren(table("Trials", ["Run", axes[0].name, axes[1].name, metric], trials), ...cuts);
  }

  /** After it moved to the large view or back. */
  enlarged() {
    this.width = this.stage.clientWidth;
    this.draw();
  }

  async image() {
    const library = await plotly();
    const address = await library.toImage(this.plot, { format: "png", scale: 2, width: 1100, height: 720 });
    download(`${this.given.file.replace(/[^\w.-]+/g, "-").toLowerCase()}.png`, address);
  }

  leave() {
    this.fetching?.abort();
    clearTimeout(this.timer);
    removeEventListener("plumb:theme", this.follow);
    this.sized.disconnect();
    if (this.plot.data) for (const plot of [this.plot, this.cutters.x.plot, this.cutters.y.plot]) window.__PL?.purge(plot);
  }
}
