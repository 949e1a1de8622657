// Small pictures of one number: its course with its interval, or where its interval lies.
import { beside, estimate } from "./plumb.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 240;
const HIGH = 44;
const EDGE = 3;

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function sheet(label) {
  return shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": label, class: "pl-spark-sheet" });
}

const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

/** The course: points are [version, value, low, high], ends may be null. */
export function line(points, { name, label }) {
  const shown = points.filter(([, value]) => known(value));
  if (shown.length < 2) return null;
  const ends = shown.flatMap(([, value, low, high]) => [value, low, high]).filter(known);
  const least = Math.min(...ends);
  const span = Math.max(...ends) - least || 1;
  const x = (place) => EDGE + (place * (WIDE - 2 * EDGE)) / (shown.length - 1);
  const y = (value) => HIGH - EDGE - ((value - least) * (HIGH - 2 * EDGE)) / span;
  const drawn = sheet(`${label} over ${shown.length} versions, from ${estimate(name, shown[0][1])} to ${estimate(name, shown.at(-1)[1])}`);
  if (shown.every(([, , low, high]) => known(low) && known(high))) {
    const upper = shown.map(([, , , high], place) => `${x(place)},${y(high)}`);
    const lower = shown.map(([, , low], place) => `${x(place)},${y(low)}`).reverse();
    drawn.append(shape("polygon", { points: [...upper, ...lower].join(" "), class: "pl-spark-band" }));
  }
  drawn.append(shape("polyline", { points: shown.map(([, value], place) => `${x(place)},${y(value)}`).join(" "), class: "pl-spark-line" }));
  return drawn;
}

/** Where an interval lies beside nothing, 0: whether it reaches across is what is to be seen. */
export function interval(found, { name, label }) {
  if (!known(found.value) || !known(found.low) || !known(found.high)) return null;
  const least = Math.min(0, found.low);
  const span = Math.max(0, found.high) - least || 1;
  const x = (value) => EDGE + 2 + ((value - least) * (WIDE - 2 * EDGE - 4)) / span;
  const middle = HIGH / 2;
  const drawn = sheet(`${label}: ${estimate(name, found.value)} ${beside(name, found)}, beside 0`);
  drawn.append(
    shape("line", { x1: EDGE, x2: WIDE - EDGE, y1: middle, y2: middle, class: "pl-spark-axis" }),
    shape("line", { x1: x(0), x2: x(0), y1: middle - 12, y2: middle + 12, class: "pl-spark-zero" }),
    shape("line", { x1: x(found.low), x2: x(found.high), y1: middle, y2: middle, class: "pl-spark-range" }),
    shape("line", { x1: x(found.value), x2: x(found.value), y1: middle - 8, y2: middle + 8, class: "pl-spark-value" }),
  );
  return drawn;
}
