// The page of a share, without an account: draws its figures, and where it follows the data, fills itself anew.
import { glow, make, paint } from "./plumb.js";

const EVERY = 10000;
const SLOWEST = 120000;
const CONFIG = { displayModeBar: false, displaylogo: false, responsive: true, scrollZoom: false };
const GONE = "This link does not open anything any more. Ask who sent it.";

const page = document.body;
const find = (place, inside = document) => inside.querySelector(place);
let version = Number(page.dataset.version);
let failures = 0;
let timer = 0;
let charts = {};
let plotly;

/** The drawing library, from where a share may read it. */
function library() {
  return (plotly ||= new Promise((done, failed) => {
    const script = make("script", { src: page.dataset.plotly });
    script.onload = () => done(window.Plotly);
    script.onerror = () => failed(new Error("the chart library could not be loaded"));
    document.head.append(script);
  }));
}

async function draw() {
  if (!Object.keys(charts).length) return;
  const Plotly = await library();
  for (const [name, chart] of Object.entries(charts)) {
    const place = find(`section[data-name="${CSS.escape(name)}"] .plot`);
    if (!place) continue;
    const { data, layout } = paint(chart.figure, page);
    await Plotly.react(place, data, { ...layout, showlegend: true, autosize: true }, CONFIG);
  }
}

function put(place, text) {
  if (!place || place.textContent === text) return;
  place.textContent = text;
  glow(place);
}

function rows(body, wanted) {
  const cells = [...body.rows].map((row) => [...row.cells]);
  const same = cells.length === wanted.length && cells.every((row, place) => row.length === wanted[place].length);
  if (same) return wanted.forEach((row, place) => row.forEach((cell, at) => put(cells[place][at], cell.text)));
  body.replaceChildren(...wanted.map((row) => make("tr", {}, ...row.map((cell) => make(cell.head ? "th" : "td", { class: cell.kind, scope: cell.head ? "row" : null }, cell.text)))));
}

function fill(told) {
  put(find("#sentence"), told.sentence);
  put(find("#fresh"), `As of ${told.as_of}, version ${told.version}`);
  find("#counts").textContent = told.counts ? ` · ${told.counts}` : "";
  find("#warnings").hidden = !told.warnings.length;
  find("#warnings div").replaceChildren(...told.warnings.map((message) => make("p", { class: "warning" }, message)));
  find("#numbers").hidden = !told.numbers.length;
  rows(find("#numbers tbody"), told.numbers.map((one) => [
    { text: one.name, head: true },
    { text: one.value, kind: "number" },
    { text: one.interval, kind: "number" },
    { text: one.null, kind: "number" },
    { text: one.method, kind: "wide quiet" },
  ]));
  fillCharts(told.charts);
  find("#evidence").hidden = !told.evidence.length;
  find("#evidence dl").replaceChildren(...told.evidence.flatMap(([term, value]) => [make("dt", {}, term), make("dd", {}, value)]));
  find("#evidence pre").textContent = told.command;
}

function fillCharts(wanted) {
  const place = find("#charts");
  for (const section of [...place.children]) if (!wanted[section.dataset.name]) section.remove();
  for (const [name, chart] of Object.entries(wanted)) {
    const section = find(`section[data-name="${CSS.escape(name)}"]`, place) ?? place.appendChild(blank(name));
    find("h2", section).textContent = chart.title;
    find("figcaption", section).textContent = chart.alt;
    find(".plot", section).setAttribute("aria-label", chart.alt);
    find("thead", section).replaceChildren(make("tr", {}, ...chart.columns.map((column) => make("th", { scope: "col" }, column))));
    rows(find("tbody", section), chart.rows.map((row) => row.map((text) => ({ text }))));
  }
}

function blank(name) {
  const table = make("table", {}, make("thead"), make("tbody"));
  return make(
    "section", { class: "chart", "data-name": name }, make("h2"),
    make("figure", {}, make("div", { class: "plot", role: "img" }), make("figcaption")),
    make("details", {}, make("summary", {}, "The same as a table"), make("div", { class: "scroll" }, table)),
  );
}

async function ask(known) {
  const answer = await fetch(`${location.pathname}/view${known}`, { cache: "no-store", credentials: "omit" });
  if (answer.status === 404) return gone();
  if (!answer.ok) throw new Error(`view: ${answer.status}`);
  if (answer.status === 204) return null;
  return answer.json();
}

function gone() {
  clearTimeout(timer);
  version = NaN;
  find("#answer").remove();
  find("#fresh").textContent = find("#counts").textContent = find("#title").textContent = "";
  find("#state").textContent = "Ended";
  find("#sentence").textContent = GONE;
  return null;
}

async function poll() {
  clearTimeout(timer);
  if (Number.isNaN(version)) return;
  try {
    const told = await ask(`?version=${version}`);
    failures = 0;
    find("#said").textContent = "";
    if (told) await take(told);
  } catch {
    failures += 1;
    find("#said").textContent = "Not connected: this is what was read last. It goes on by itself.";
  }
  later();
}

async function take(told) {
  version = told.version;
  charts = told.charts;
  fill(told);
  await draw();
}

function later() {
  if (Number.isNaN(version) || !("live" in page.dataset)) return;
  const wait = Math.min(SLOWEST, EVERY * 2 ** failures * (document.hidden ? 6 : 1));
  timer = setTimeout(poll, wait);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  dispatchEvent(new CustomEvent("plumb:theme"));
  draw();
});
document.addEventListener("visibilitychange", () => document.hidden || !("live" in page.dataset) || poll());

try {
  const told = await ask("");
  if (told && told.version !== version) await take(told);
  else if (told) {
    charts = told.charts;
    await draw();
  }
} catch {
  find("#said").textContent = "The figures could not be loaded. Their tables are below; reload to try again.";
}
later();
