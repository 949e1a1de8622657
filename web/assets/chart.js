// A figure with its legend, table twin, large view, keyboard points and downloads; it moves by events, without a rerun.
import { Brush } from "./brush.js";
import { LargeView, tool } from "./large.js";
import { Links, tell } from "./linked.js";
import { around, known, ofSeveral, placed, whereOf } from "./marks.js";
import { numbers } from "./player.js";
import { Address, csv, download, fixed, make, paint, plumb, read, separators, whole } from "./plumb.js";

const LONGEST = 500;
const NARROW = 520;
const PHONE = 400;
const SHORT = 18;
const CONFIG = { displayModeBar: false, displaylogo: false, doubleClick: "reset", scrollZoom: false, showTips: false };

/** Plotly of the product, loaded once; whoever else brought `window.Plotly` keeps it. */
export function plotly() {
  return (window.__PLready ||= new Promise((done, failed) => {
    const theirs = window.Plotly;
    const script = make("script", { src: "/assets/plotly.js" });
    script.onload = () => {
      window.__PL = window.Plotly;
      if (theirs) window.Plotly = theirs;
      done(window.__PL);
    };
    script.onerror = () => failed(new Error("the chart library could not be loaded"));
    document.head.append(script);
  }));
}

let turn = Promise.resolve();
let practised = false;

/** One picture a turn: the first is seen before the next is drawn. */
function inTurn(work) {
  const done = turn.then(work);
  turn = done.catch(() => {}).then(() => new Promise((next) => setTimeout(next)));
  return done;
}

export default function chart({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const part = (parentElement.__chart ||= new Part(parentElement));
  part.pick = (value) => setTriggerValue("pick", value);
  part.tell = (value) => setTriggerValue("show", value);
  part.look = (value) => setTriggerValue("look", value);
  part.name = (value) => setTriggerValue("name", value);
  part.take(given);
  return () => part.leave();
}

/** Numbers that travelled as bytes, and places that are regular, as lists of numbers. */
function decode(figure) {
  for (const trace of figure.data) {
    for (const name of ["x", "y"]) if (trace[name]?.bdata !== undefined) trace[name] = numbers(trace[name]);
    if (trace.x0 === undefined || trace.dx === undefined) continue;
    trace.x = Float64Array.from(trace.y, (_, place) => trace.x0 + place * trace.dx);
    delete trace.x0;
    delete trace.dx;
  }
}

/** A point in words where the figure brings none. */
function aloud(trace, x, y) {
  const place = typeof x === "number" && x > 1e11 ? new Date(x).toISOString().slice(0, 19).replace("T", " ") : x;
  return `${plain(trace.name ?? "")} at ${place}: ${Number.isFinite(y) ? Number(y.toPrecision(4)) : "nothing"}`;
}

/** Text of a figure as it reads: Plotly takes markup, so that a figure holds none. */
function plain(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** A sentence in lines that fit above a picture, without markup of its own. */
function lines(text) {
  const plain = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return plain.replace(/(.{60,100}?)\s/g, "$1<br>");
}

const BETWEEN = "   ·   ";
const LINE = 18;

/** What fits a phone: no title beside the picture, few upright numbers, names and titles not cut off, colours without a
    scale where numbers stand on them. */
function narrow({ data, layout }, width) {
  const { xaxis, yaxis } = layout;
  if (width < NARROW && yaxis?.title) yaxis.title = { text: "" };
  if (width >= PHONE || !yaxis?.ticktext) return;
  for (const axis of [xaxis, yaxis]) if (axis.ticktext) axis.ticktext = axis.ticktext.map(short);
  for (const trace of data) if (trace.type === "heatmap") trace.showscale = !trace.texttemplate;
  if (!xaxis.ticktext) Object.assign(xaxis, { nticks: 4, tickangle: 0 });
  if (!xaxis.title?.text?.includes(BETWEEN)) return;
  xaxis.title = { ...xaxis.title, text: xaxis.title.text.replace(BETWEEN, "<br>") };
  layout.height += LINE;
}

/** A name without its middle where it is long; never a part of an entity. */
function short(name) {
  if (name.length <= SHORT) return name;
  const half = (SHORT - 1) >> 1;
  return `${name.slice(0, SHORT - 1 - half).replace(/&[\w#]*$/, "")}…${name.slice(-half).replace(/^[\w#]{0,5};/, "")}`;
}

class Part {
  constructor(parent) {
    this.hidden = new Map();
    this.address = new Address();
    this.index = null;
    this.build(parent);
    this.follow = () => this.draw();
    addEventListener("plumb:theme", this.follow);
    this.sized = new ResizeObserver(([entry]) => this.fit(Math.floor(entry.contentRect.width)));
    this.sized.observe(this.stage);
  }

  /** Follow the place the picture has: the window, the sidebar, the large view. */
  fit(width) {
    if (width === this.width) return;
    this.width = width;
    if (this.plot.data) this.draw();
  }

  build(parent) {
    this.legend = make("div", { class: "pl-legend" });
    this.large = new LargeView((open) => this.enlarged(open));
    this.tools = make(
      "div",
      { class: "pl-tools", role: "toolbar", "aria-label": "Chart" },
      (this.brushButton = tool("brush", "Choose marks", () => this.toggleBrush(), "Choose")),
      (this.lassoButton = tool("lasso", "Draw around marks freely", () => this.toggleLasso(), "Lasso")),
      (this.tableButton = tool("table", "Table", () => this.toggleTable())),
      tool("image", "Download PNG", () => this.image()),
      tool("file", "Download CSV", () => download(`${this.file()}.csv`, csv(this.chart.table), "text/csv")),
      this.large.button,
    );
    this.plot = make("div", {
      class: "pl-plot",
      tabindex: "0",
      role: "group",
      "aria-roledescription": "chart",
      onkeydown: (event) => this.key(event),
      onblur: () => this.unfocus(),
    });
    this.lassoButton.hidden = true;
    this.links = new Links(this, () => ({ layout: this.plot._fullLayout, traces: this.plot.data ?? [] }), () => this.mark());
    this.brush = new Brush({ query: () => this.given.query ?? "", look: (where) => this.look(where), name: (told) => this.name(told), changed: () => this.chosen() });
    this.ring = make("div", { class: "pl-ring", hidden: true });
    this.said = make("div", { class: "pl-unseen", "aria-live": "polite" });
    this.twin = make("div", { class: "pl-twin", hidden: true, tabindex: "0", role: "region", "aria-label": "The same as a table" });
    this.stage = make("div", { class: "pl-stage" }, this.plot, this.links.over, this.ring);
    this.body = make("div", { class: "pl-body" }, make("div", { class: "pl-head" }, this.legend, this.tools), this.stage, this.brush.bar, this.twin, this.said);
    this.root = make("figure", { class: "pl-chart" }, this.body);
    this.large.of(this.root, this.body, this.plot, () => this.given.title ?? this.chart.title);
    parent.append(this.root, this.large.dialog);
  }

  /** New data from a rerun: draw what changed, listen from the event as of which it was read. */
  take(given) {
    const same = this.given && this.given.stamp === given.stamp && this.given.view === given.view;
    this.given = given;
    const switched = this.obey(given.shown);
    this.root.dataset.chart = given.name;
    this.root.classList.toggle("pl-bare", Boolean(given.bare));
    this.brush.naming.hidden = !given.names;
    this.brush.ofLog(Boolean(given.log));
    this.off?.();
    const newer = this.version > given.version && this.view === given.view;
    if (!same && !newer) this.show(given.chart, given.version);
    else if (switched) this.draw();
    this.off = plumb.follow(given, (kind, body) => kind === "version" && this.moved(body));
  }

  show(chart, version) {
    decode(chart.figure);
    if (this.given.beside?.length) ofSeveral(chart.figure);
    const moved = this.view !== undefined && this.view !== this.given.view;
    this.chart = chart;
    this.version = version;
    this.view = this.given.view;
    this.reserve();
    const behind = this.behind().length > 0;
    this.brushButton.hidden = !behind;
    if (!behind && this.brushing) this.toggleBrush(false);
    this.plot.setAttribute("aria-label", `${chart.alt} Use the arrow keys to read the points.${behind ? " Space chooses one, Shift with an arrow several, Enter shows the rows behind them." : " No rows stand behind its points."}`);
    if (this.closer && moved) {
      this.closer = null;
      this.root.removeAttribute("data-closer");
    } else if (this.closer) this.closely(this.closer);
    this.drawn = this.draw();
    if (!this.twin.hidden) this.fillTable();
  }

  /** What the address says is shown; while the page has not heard of the last click, the click counts. */
  obey(shown) {
    if (shown === undefined || !this.address.news(shown)) return false;
    const named = shown?.split(",");
    for (const { meta } of this.given.chart.figure.data) if (meta?.toggle) named ? this.hidden.set(meta.key, named.includes(meta.key) ? true : "legendonly") : this.hidden.delete(meta.key);
    return true;
  }

  /** Put into the address which of the lines that can be switched are shown; nothing where it is as usual. */
  tellShown() {
    const switches = this.chart.figure.data.filter((trace) => trace.meta?.toggle);
    const visible = (trace) => (this.hidden.get(trace.meta.key) ?? trace.visible ?? true) === true;
    const usual = switches.every((trace) => visible(trace) === ((trace.visible ?? true) === true));
    const shown = usual ? null : switches.filter(visible).map((trace) => trace.meta.key).join(",") || "none";
    this.address.tell(shown);
    this.tell(shown ?? "");
  }

  height() {
    return this.large.open ? Math.round(innerHeight * 0.68) : this.given.height ?? this.chart.figure.layout.height;
  }

  /** The place of the picture, kept before there is one: what stands below it does not jump. */
  reserve() {
    this.stage.style.minHeight = `${this.height()}px`;
    if (!this.plot.data) this.chips(paint(this.chart.figure, this.root).data);
    this.stage.toggleAttribute("data-waiting", !this.plot.data);
  }

  draw() {
    return inTurn(() => this.drawNow());
  }

  async drawNow() {
    const library = await plotly();
    if (!this.chart || !this.root.isConnected) return;
    const figure = paint({ ...this.chart.figure, data: this.closer?.data ?? this.chart.figure.data }, this.root);
    for (const trace of figure.data) if (this.hidden.has(trace.meta?.key)) trace.visible = this.hidden.get(trace.meta.key);
    this.chips(figure.data);
    // The size is given: Plotly would ask the page for it, which has to be laid out for that.
    this.width ||= this.stage.clientWidth;
    Object.assign(figure.layout, { height: this.height(), ...(this.width ? { width: this.width } : {}) });
    narrow(figure, this.width);
    figure.layout.paper_bgcolor = "rgba(0,0,0,0)";
    figure.layout.separators = separators();
    this.stage.style.minHeight = `${figure.layout.height}px`;
    if (this.brushing) figure.layout.dragmode = this.lassoing ? "lasso" : "select";
    if (this.closer) this.zoomed(figure.layout);
    const shown = figure.data.filter((trace) => (trace.visible ?? true) === true);
    await library.react(this.plot, shown, figure.layout, CONFIG);
    this.stage.removeAttribute("data-waiting");
    this.root.dataset.version = this.version;
    this.root.dataset.drawn = String(performance.now());
    if (!this.clicking) this.listen();
    if (!practised) this.practise();
    if (this.index !== null) this.focusPoint(this.index);
    this.links.again();
    if (this.brush.chosen.size) this.mark();
  }

  /** A browser compiles what draws a picture anew when that is first done: while nobody waits for it. */
  practise() {
    practised = true;
    (window.requestIdleCallback ?? setTimeout)(() => this.draw());
  }

  listen() {
    this.clicking = true;
    this.plot.on("plotly_click", ({ points }) => points[0] && this.choose(points[0].data, points[0].customdata, points[0].pointIndex));
    this.plot.on("plotly_hover", ({ points }) => this.point(points.map(({ data, customdata, pointIndex }) => whereOf(data, customdata, pointIndex)).find(Boolean)));
    this.plot.on("plotly_unhover", () => this.point());
    this.plot.on("plotly_relayout", (change) => this.looked(change));
    this.plot.addEventListener("mousedown", ({ detail }) => detail === 2 && this.closer && this.whole(), true);
    this.plot.on("plotly_selected", (event) => {
      if (!event) return;
      const marks = (event.points ?? []).map(({ data, customdata, pointIndex }) => [whereOf(data, customdata, pointIndex), data, customdata, pointIndex]).filter(([where]) => where);
      const told = marks.map(([where, ...mark]) => [where, this.named(...mark)]);
      this.brush.take(told.length ? told : around(this.plot.data, event));
    });
  }

  /** A mark is pointed at: its like stands out on the other figures, while nothing is chosen here. */
  point(where = "") {
    if (!this.brush.chosen.size) tell(where, this);
  }

  /** What a click or Enter on a mark means: filtering by it, or the rows behind it; while marks are chosen, choosing it. */
  choose(trace, own, index = null) {
    const where = whereOf(trace, own, index);
    if (where && (this.brushing || (this.given.log && trace.meta.pick === undefined))) this.brush.toggle(where, this.named(trace, own, index));
    else if (trace.meta?.pick !== undefined) this.pick(own[trace.meta.pick]);
    else if (where) this.brush.open(where, this.named(trace, own, index));
  }

  // ------------------------------------------------------------ a closer look

  /** A stretch was chosen on a line of which only some points are here: all of that stretch are asked for. */
  looked(change) {
    const unit = this.chart.figure.layout.meta?.zoom;
    if (unit === undefined) return;
    if (change["xaxis.autorange"]) {
      this.wish = null;
      if (this.closer) {
        this.closer = null;
        this.root.removeAttribute("data-closer");
        this.draw();
      }
    }
    const ends = [change["xaxis.range[0]"] ?? change["xaxis.range"]?.[0], change["xaxis.range[1]"] ?? change["xaxis.range"]?.[1]];
    if (ends.includes(undefined)) return;
    const [low, high] = ends.map((end) => (unit === "date" ? Date.parse(`${String(end).replace(" ", "T")}Z`) / 1000 : Number(end) * unit));
    if (low < high) this.closely({ ends, at: `${low}..${high}`, up: [change["yaxis.range[0]"], change["yaxis.range[1]"]] });
  }

  /** Leave the stretch. A busy page handles two clicks too far apart for Plotly's own count of them; the browser's holds. */
  async whole() {
    (await plotly()).relayout(this.plot, { "xaxis.autorange": true, "yaxis.autorange": true });
  }

  async closely(wanted) {
    this.wish = wanted;
    try {
      const view = await plumb.view(`${this.given.view}&at=${encodeURIComponent(wanted.at)}`, this.version);
      if (this.wish !== wanted) return;
      const found = view.charts[this.given.name]?.figure;
      if (!found) return;
      decode(found);
      this.closer = { ...wanted, data: found.data };
      this.root.dataset.closer = wanted.at;
      this.drawn = this.draw();
    } catch {
      // The stretch stays as it is drawn: few of its points, none of them wrong.
    }
  }

  /** The stretch that is looked at stays while points arrive. */
  zoomed(layout) {
    layout.xaxis = { ...layout.xaxis, range: [...this.closer.ends] };
    if (this.closer.up[0] !== undefined) layout.yaxis = { ...layout.yaxis, range: [...this.closer.up] };
  }

  // ------------------------------------------------------------ chosen marks

  /** Traces of which the rows behind each mark are known. */
  behind() {
    return this.chart.figure.data.filter(known);
  }

  /** A mark in words: what is read aloud of it, else its labels. */
  named(trace, own, index) {
    const { meta } = trace;
    if (meta.where === undefined) return placed(trace, index);
    const text = meta.cells ? own.slice(0, 2).filter(Boolean).join(" · ") : meta.named !== undefined ? own[meta.named] : meta.read?.[index ?? -1]?.split(/[,:;]/)[0] ?? own[meta.where].replaceAll(/[^=;&]*=/g, "");
    return plain(text);
  }

  toggleBrush(on = !this.brushing) {
    this.brushing = on;
    this.brushButton.setAttribute("aria-expanded", String(on));
    this.lassoButton.hidden = !on;
    if (!on) this.brush.clear();
    this.draw();
  }

  toggleLasso() {
    this.lassoing = !this.lassoing;
    this.lassoButton.setAttribute("aria-pressed", String(this.lassoing));
    this.draw();
  }

  /** Other marks are chosen: they stand out here, and their like on the other figures. */
  chosen() {
    this.mark();
    tell(this.brush.where() ?? "", this);
  }

  /** Chosen marks stand out, the others step back; where none is, the like of what is pointed at elsewhere. */
  mark() {
    const library = window.__PL;
    if (!this.plot.data || !library) return;
    const { size } = this.brush.chosen;
    this.plot.data.forEach((trace, place) => {
      if (trace.meta?.where === undefined || trace.type === "heatmap") return;
      const chosen = size ? trace.customdata.flatMap((own, index) => (this.brush.chosen.has(own[trace.meta.where]) ? [index] : [])) : this.links.places(place);
      library.restyle(this.plot, { selectedpoints: [size || this.links.found.length ? chosen : null] }, [place]);
    });
    if (!size && this.plot._fullLayout.selections?.length) library.relayout(this.plot, { selections: [] });
  }

  /** The legend as text and buttons: what can be switched is a button. */
  chips(traces) {
    const named = traces.filter((trace) => trace.name && trace.meta?.rank);
    named.sort((one, other) => one.meta.rank - other.meta.rank);
    const print = JSON.stringify(named.map((trace) => [trace.name, trace.visible ?? true, trace.line?.color]));
    if (print === this.printed || this.given.bare) return;
    this.printed = print;
    this.legend.replaceChildren(...named.map((trace) => this.chip(trace)));
  }

  chip(trace) {
    const shown = trace.visible !== "legendonly" && trace.visible !== false;
    const band = trace.fill === "tonexty";
    const swatch = make("i", { class: band ? "pl-swatch pl-swatch-band" : `pl-swatch pl-swatch-${trace.line?.dash ?? "solid"}` });
    swatch.style.setProperty("--tone", band ? trace.fillcolor : trace.line?.color ?? trace.marker?.color);
    if (!trace.meta.toggle) return make("span", { class: "pl-key" }, swatch, plain(trace.name));
    const onclick = () => {
      this.hidden.set(trace.meta.key, shown ? "legendonly" : true);
      this.draw();
      if (this.given.shown !== undefined) this.tellShown();
    };
    return make("button", { type: "button", class: "pl-key pl-switch", "aria-pressed": String(shown), onclick }, swatch, plain(trace.name));
  }

  // ------------------------------------------------------------ live

  /** A newer version exists: fetch its picture, one request at a time, never an older one over a newer one. */
  async moved({ version, answer }) {
    if (this.given.grows) return this.grow(version, answer?.estimates?.[this.given.headline[0]]);
    this.wanted = Math.max(this.wanted ?? 0, version ?? this.version + 1);
    if (this.fetching) return;
    this.fetching = true;
    try {
      while (this.wanted > (this.version ?? 0)) {
        const view = await plumb.view(this.given.view, this.wanted);
        const fresh = view.charts[this.given.name];
        if (!fresh || view.version <= this.version) break;
        this.show(fresh, view.version);
        await this.drawn;
        await new Promise((done) => (document.hidden ? setTimeout(done, 30) : requestAnimationFrame(done)));
      }
    } catch {
      this.wanted = this.version;
    } finally {
      this.fetching = false;
    }
  }

  /** A line over versions: the event carries its next point. */
  grow(version, found) {
    if (version <= this.version || found?.value === null || found?.value === undefined) return;
    const now = new Date().toISOString();
    const next = [found.low, found.high, found.value];
    this.chart.figure.data.forEach((trace, index) => {
      trace.x.push(now);
      trace.y.push(next[index]);
      trace.meta?.read?.push(`${this.given.headline[1]} ${found.value.toFixed(3)}`);
      if (trace.x.length > LONGEST) for (const list of [trace.x, trace.y, trace.meta?.read ?? []]) list.shift();
    });
    this.chart.table.rows.push([version, now, null, found.value, found.low, found.high]);
    this.version = version;
    this.drawn = this.draw();
  }

  // ------------------------------------------------------------ keyboard

  /** The trace that the keyboard goes through: `at` gives the place and the own data of a mark, `size` how many there are. */
  points() {
    const curve = this.plot.data?.findIndex((trace) => trace.meta?.points || trace.meta?.cells) ?? -1;
    const trace = this.plot.data?.[curve];
    if (!trace) return { curve };
    const across = trace.meta.cells ? trace.x.length : 1;
    const place = (index) => (trace.meta.cells ? [index % across, Math.floor(index / across)] : [index]);
    return {
      curve,
      trace,
      across,
      size: trace.meta.cells ? across * trace.y.length : trace.x.length,
      at: (index) => {
        const [column, row] = place(index);
        return trace.meta.cells ? { x: trace.x[column], y: trace.y[row], own: trace.customdata[row][column], point: [row, column] } : { x: trace.x[index], y: trace.y[index], own: trace.customdata?.[index], point: index };
      },
    };
  }

  key(event) {
    const { trace, across, size, at } = this.points();
    if (!trace || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = size - 1;
    const from = this.index ?? -1;
    const down = from < 0 ? (trace.meta.upright ? last : 0) : trace.meta.upright ? from - 1 : from + across;
    const up = from < 0 ? 0 : trace.meta.upright ? from + 1 : from - across;
    const steps = { ArrowRight: from + 1, ArrowLeft: from < 0 ? last : from - 1, ArrowUp: up, ArrowDown: down, Home: 0, End: last };
    const own = this.index === null ? null : at(this.index).own ?? [];
    const where = own && whereOf(trace, own, this.index);
    if (event.key === " " && where) this.brush.toggle(where, this.named(trace, own, this.index));
    else if (event.key === "Enter" && own && this.brush.chosen.size && !this.brushing && !this.given.log) this.brush.open(this.brush.where());
    else if (event.key === "Enter" && own) this.choose(trace, own, this.index);
    else if (event.key === "Escape" && this.brush.chosen.size && !this.large.open) this.brush.clear();
    else if (event.key === "Escape" && this.index !== null && !this.large.open) this.unfocus();
    else if (event.key in steps) this.step(Math.min(last, Math.max(0, steps[event.key])), event.shiftKey);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Go to a mark; with Shift all from where that began are chosen. */
  step(index, choosing) {
    const { trace, at } = this.points();
    if (choosing && known(trace)) {
      this.anchor ??= this.index ?? index;
      const [from, to] = [Math.min(this.anchor, index), Math.max(this.anchor, index)];
      const marks = Array.from({ length: to - from + 1 }, (_, place) => [at(from + place).own, from + place]);
      this.brush.take(marks.map(([own, place]) => [whereOf(trace, own, place), this.named(trace, own, place)]));
    } else this.anchor = null;
    this.focusPoint(index);
  }

  focusPoint(index) {
    const { curve, trace, size: all, at } = this.points();
    if (!trace || index >= all) return this.unfocus();
    this.index = index;
    const { x, y, own, point } = at(index);
    const layout = this.plot._fullLayout;
    const across = layout.xaxis;
    const up = layout.yaxis;
    const size = Math.max(18, (Array.isArray(trace.marker?.size) ? trace.marker.size[index] : 10) + 12);
    Object.assign(this.ring.style, {
      left: `${across._offset + across.d2p(x) - size / 2}px`,
      top: `${up._offset + up.d2p(y) - size / 2}px`,
      width: `${size}px`,
      height: `${size}px`,
    });
    this.ring.hidden = false;
    this.said.textContent = trace.meta.cells ? [...own.slice(0, 2), trace.z[point[0]][point[1]] ?? "nothing", own[2]].filter(Boolean).join(", ") : trace.meta.read?.[index] ?? aloud(trace, x, y);
    window.__PL.Fx.hover(this.plot, [{ curveNumber: curve, pointNumber: point }]);
  }

  unfocus() {
    this.index = null;
    this.ring.hidden = true;
    if (this.plot.data) window.__PL?.Fx.unhover(this.plot);
  }

  // ------------------------------------------------------------ table, large view, downloads

  toggleTable(open = this.twin.hidden) {
    this.twin.hidden = !open;
    this.tableButton.setAttribute("aria-expanded", String(open));
    if (open) this.fillTable();
  }

  fillTable() {
    const { columns, rows } = this.chart.table;
    const cell = (value) => (value === null ? "–" : typeof value === "number" && !Number.isInteger(value) ? fixed(value, 4) : typeof value === "number" ? whole(value) : value);
    const head = make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name))));
    const body = make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((value) => make("td", { class: typeof value === "number" ? "pl-number" : null }, String(cell(value)))))));
    this.twin.replaceChildren(make("table", {}, make("caption", { class: "pl-unseen" }, this.chart.alt), head, body));
  }

  /** After it moved to the large view, with its table beside it, or back. */
  enlarged(open) {
    if (open) this.tableWas = !this.twin.hidden;
    this.toggleTable(open || this.tableWas);
    this.width = this.stage.clientWidth;
    this.draw();
  }

  file() {
    return (this.given.file ?? this.given.name).replace(/[^\w.-]+/g, "-").toLowerCase();
  }

  async image() {
    const library = await plotly();
    const figure = paint(this.chart.figure, this.root);
    for (const trace of figure.data) if (this.hidden.has(trace.meta?.key)) trace.visible = this.hidden.get(trace.meta.key);
    const layout = { ...figure.layout, showlegend: true, title: { text: lines(this.given.heading ?? this.chart.title), x: 0.02, xanchor: "left", font: { size: 17 } }, margin: { l: 60, r: 30, t: 110, b: 60 } };
    const address = await library.toImage({ data: figure.data.filter((trace) => trace.visible !== "legendonly"), layout }, { format: "png", scale: 2, width: 1100, height: 720 });
    download(`${this.file()}.png`, address);
  }

  leave() {
    this.off?.();
    this.links.leave();
    removeEventListener("plumb:theme", this.follow);
    this.sized.disconnect();
    if (this.plot.data) window.__PL?.purge(this.plot);
  }
}
