// What a surface looks like: figures for Plotly in three dimensions, from above, and along a cut. Colours are tokens.

import { significant } from "./plumb.js";

const TIDE = [..."abcdefg"].map((name, place) => [place / 6, `$tide_${name}`]);
const FONT = { size: 11, color: "$muted" };
const NEAR = 0.06;
const BOX = { x: 1.15, y: 1.15, z: 0.7 };
const CENTRE = -0.07;
const DEGREE = Math.PI / 180;

/** Views by name: angle around the upright axis, angle above the ground, distance. */
export const VIEWS = { iso: [-50, 28, 2.05], top: [-90, 89, 1.9], x: [-90, 6, 2], y: [0, 6, 2] };

/** A camera as Plotly has it. */
export function camera([around, above, far]) {
  const flat = far * Math.cos(above * DEGREE);
  const up = above > 85 ? { x: -Math.cos(around * DEGREE), y: -Math.sin(around * DEGREE), z: 0 } : { x: 0, y: 0, z: 1 };
  return { eye: { x: flat * Math.cos(around * DEGREE), y: flat * Math.sin(around * DEGREE), z: far * Math.sin(above * DEGREE) }, center: { x: 0, y: 0, z: CENTRE }, up };
}

/** The angles and the distance of a camera. */
export function angles({ eye: { x, y, z } }) {
  const far = Math.hypot(x, y, z);
  return [Math.atan2(y, x) / DEGREE, Math.asin(z / far) / DEGREE, far];
}

/** Where a value lies on an axis, between 0 and 1, and the value at such a place. */
export const unit = ({ log, low, high }, value) => (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
export const valueAt = ({ log, low, high }, place) => (log ? low * (high / low) ** place : low + (high - low) * place);

const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").slice(0, 48);

/** Ones, twos and fives between the ends of a logarithmic axis, fewer of them over many decades. */
function ticks({ log, low, high }, few = false) {
  if (!log) return {};
  const decades = Math.log10(high / low);
  const kept = few || decades >= 4 ? [1] : decades < 2.2 ? [1, 2, 5] : [1, 3];
  const powers = Array.from({ length: Math.ceil(decades) + 2 }, (_, place) => Math.floor(Math.log10(low)) + place);
  const all = powers.flatMap((power) => kept.map((factor) => Number(`${factor}e${power}`))).filter((one) => one >= low / 1.05 && one <= high * 1.05);
  return all.length < 2 && few ? ticks({ log, low, high }) : { tickmode: "array", tickvals: all, ticktext: all.map(significant) };
}

function axis(along) {
  const { name, log } = along;
  return { title: { text: escaped(name), font: { size: 12, color: "$muted" } }, ...(log ? { type: "log", ...ticks(along, true) } : { nticks: 5 }), tickfont: FONT, gridcolor: "$grid", linecolor: "$axis", zeroline: false, showbackground: false, showspikes: false };
}

/** The scene: skeleton with tokens to be painted first, and the heights to be put into it after. */
export function scene({ picture, look, at }) {
  const [x, y] = picture.axes;
  const layout = {
    margin: { l: 0, r: 0, t: 0, b: 0 },
    showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)",
    font: { family: "Inter, 'Helvetica Neue', Arial, sans-serif", size: 12, color: "$ink" },
    hoverlabel: { bgcolor: "$hover", bordercolor: "$hover", font: { size: 12, color: "$hover_ink" } },
    uirevision: "same",
    scene: { xaxis: axis(x), yaxis: axis(y), zaxis: axis({ name: picture.metric }), camera: camera(at), aspectmode: "manual", aspectratio: BOX, dragmode: "orbit", bgcolor: "rgba(0,0,0,0)" },
  };
  const bar = { thickness: 10, len: 0.6, outlinewidth: 0, tickfont: FONT, title: { text: look.error ? "Standard error" : "", font: FONT }, x: 1 };
  const said = `${escaped(x.name)} %{x:.3~g}<br>${escaped(y.name)} %{y:.3~g}<br>${escaped(picture.metric)} %{z:.4~g}<extra></extra>`;
  const data = [
    { type: "surface", colorscale: TIDE, colorbar: bar, showscale: !look.narrow, hovertemplate: said, lighting: { ambient: 0.75, diffuse: 0.5, specular: 0.05, roughness: 0.9 }, contours: { z: { show: true, usecolormap: false, color: "rgba(255,255,255,.35)", width: 1, highlight: false }, x: { highlight: false }, y: { highlight: false } }, meta: { key: "surface" } },
    ...(look.band ? [band("low"), band("high")] : []),
    ...(look.points ? [marks(picture, x, y)] : []),
    line(picture.hull.x, picture.hull.y, "$reference", 3, "hull", "dash"),
    line([], [], "$second", 6, "cut_y"),
    line([], [], "$fourth", 6, "cut_x"),
    { type: "scatter3d", mode: "markers", x: [picture.best.x], y: [picture.best.y], z: [picture.best.value], marker: { size: 6, symbol: "diamond", color: "$second", line: { color: "$card", width: 1 } }, hovertemplate: "Best of the surface<extra></extra>", meta: { key: "best" } },
  ];
  return { data, layout };
}

const band = (key) => ({ type: "surface", colorscale: [[0, "$reference"], [1, "$reference"]], showscale: false, opacity: 0.28, hoverinfo: "skip", contours: { x: { highlight: false }, y: { highlight: false }, z: { highlight: false } }, meta: { key } });

const line = (x, y, tone, width, key, dash = "solid") => ({ type: "scatter3d", mode: "lines", x, y, z: [], line: { color: tone, width, dash }, hoverinfo: "skip", meta: { key } });

function marks({ points, metric }, x, y) {
  return {
    type: "scatter3d",
    mode: "markers",
    x: points.x,
    y: points.y,
    z: points.value,
    text: points.run.map(escaped),
    marker: { size: points.x.length > 300 ? 2 : 4, color: "$ink", opacity: 0.85, line: { color: "$card", width: 1 } },
    hovertemplate: `%{text}<br>${escaped(x.name)} %{x:.3~g}<br>${escaped(y.name)} %{y:.3~g}<br>${escaped(metric)} %{z:.4~g}<extra></extra>`,
    meta: { key: "trials" },
  };
}

/** Put the heights of a grid into a painted scene; arrays of numbers stay as they are. */
export function fill({ data }, { picture, grid, look, spread, cuts }) {
  const lowest = least(picture, grid, look.band && grid.error ? spread : 0);
  for (const trace of data) {
    const { key } = trace.meta;
    if (key === "surface") Object.assign(trace, { x: grid.x, y: grid.y, z: grid.value, ...(look.error && grid.error ? { surfacecolor: grid.error } : {}) });
    if (key === "low" || key === "high") {
      const side = key === "low" ? -spread : spread;
      Object.assign(trace, { x: grid.x, y: grid.y, z: grid.value.map((row, place) => Float32Array.from(row, (value, column) => value + side * grid.error[place][column])) });
    }
    if (key === "hull") trace.z = trace.x.map(() => lowest);
    if (key === "cut_x" || key === "cut_y") Object.assign(trace, ridge(grid, key, cuts));
  }
  return data;
}

function least({ points }, grid, spread) {
  let found = Infinity;
  grid.value.forEach((row, place) => row.forEach((value, column) => (found = Math.min(found, Number.isFinite(value) ? value - (spread ? spread * grid.error[place][column] : 0) : found))));
  return points.value.reduce((one, other) => Math.min(one, other), found);
}

/** The line on the surface along a cut: `cut_x` goes along x at the chosen y. */
export function ridge(grid, key, cuts) {
  const along = key === "cut_x" ? grid.x : grid.y;
  const value = key === "cut_x" ? grid.value[cuts.y] : grid.value.map((row) => row[cuts.x]);
  const fixed = key === "cut_x" ? grid.y[cuts.y] : grid.x[cuts.x];
  const kept = along.map((place, index) => [place, value[index]]).filter(([, height]) => Number.isFinite(height));
  const places = kept.map(([place]) => place);
  const others = kept.map(() => fixed);
  return { x: key === "cut_x" ? places : others, y: key === "cut_x" ? others : places, z: kept.map(([, height]) => height) };
}

/** The same from above, where there is no third dimension. */
export function flat({ picture, grid, look, cuts }) {
  const [x, y] = picture.axes;
  const every = Math.max(1, Math.floor(grid.x.length / 100));
  const thin = (list) => list.filter((_, place) => place % every === 0);
  const layer = look.error && grid.error ? grid.error : grid.value;
  const z = thin(layer).map((row) => Array.from(row).filter((_, place) => place % every === 0).map((value) => (Number.isFinite(value) ? value : null)));
  const dots = look.points ? [{ type: "scatter", mode: "markers", x: picture.points.x, y: picture.points.y, text: picture.points.run.map(escaped), customdata: picture.points.value, hovertemplate: "%{text}<br>%{x:.3~g}, %{y:.3~g}<br>%{customdata:.4~g}<extra></extra>", marker: { size: 7, color: "$ink", line: { color: "$card", width: 1.5 } }, meta: { key: "trials" } }] : [];
  const ruler = (key, places) => ({ type: "scatter", mode: "lines", ...places, line: { color: key === "cut_x" ? "$fourth" : "$second", width: 2 }, hoverinfo: "skip", meta: { key } });
  const data = [
    { type: "contour", x: thin(grid.x), y: thin(grid.y), z, colorscale: TIDE, contours: { coloring: "heatmap" }, line: { width: 1, color: "$card/0.5" }, ncontours: 14, connectgaps: false, colorbar: { thickness: 10, outlinewidth: 0, tickfont: FONT }, showscale: !look.narrow, hovertemplate: "%{x:.3~g}, %{y:.3~g}<br>%{z:.4~g}<extra></extra>", meta: { key: "surface" } },
    { type: "scatter", mode: "lines", x: picture.hull.x, y: picture.hull.y, line: { color: "$axis", width: 1.25, dash: "dot" }, hoverinfo: "skip", meta: { key: "hull" } },
    ruler("cut_x", { x: [grid.x[0], grid.x.at(-1)], y: [grid.y[cuts.y], grid.y[cuts.y]] }),
    ruler("cut_y", { x: [grid.x[cuts.x], grid.x[cuts.x]], y: [grid.y[0], grid.y.at(-1)] }),
    ...dots,
    { type: "scatter", mode: "markers", x: [picture.best.x], y: [picture.best.y], marker: { size: 13, symbol: "diamond", color: "$second", line: { color: "$card", width: 1.5 } }, hovertemplate: "Best of the surface<extra></extra>", meta: { key: "best" } },
  ];
  return { data, layout: flatLayout(x, y.name, y) };
}

function flatLayout(across, title, up) {
  const scale = (one) => (one?.log ? { type: "log", ...ticks(one) } : {});
  const shared = { gridcolor: "$grid", linecolor: "$axis", zeroline: false, automargin: true, tickfont: { size: 12, color: "$muted" } };
  const named = (text) => ({ text: escaped(text), font: { size: 12, color: "$muted" }, standoff: 8 });
  return {
    margin: { l: 8, r: 8, t: 8, b: 8 },
    showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "Inter, 'Helvetica Neue', Arial, sans-serif", size: 12, color: "$ink" },
    hoverlabel: { bgcolor: "$hover", bordercolor: "$hover", font: { size: 12, color: "$hover_ink" } },
    xaxis: { ...shared, title: named(across.name), showgrid: false, ...scale(across) },
    yaxis: { ...shared, title: named(title), ...scale(up) },
  };
}

/** The cut along one axis: places, heights, bounds, and the trials near it. */
export function section({ picture, grid, spread }, key, cuts) {
  const along = key === "cut_x" ? 0 : 1;
  const mine = picture.axes[along];
  const other = picture.axes[1 - along];
  const pick = (layer) => layer && (along === 0 ? Array.from(layer[cuts.y]) : layer.map((row) => row[cuts.x]));
  const places = along === 0 ? grid.x : grid.y;
  const fixed = along === 0 ? grid.y[cuts.y] : grid.x[cuts.x];
  const value = pick(grid.value).map((one) => (Number.isFinite(one) ? one : null));
  const error = pick(grid.error);
  const bound = (side) => error && value.map((one, place) => (one === null ? null : one + side * spread * error[place]));
  const { points } = picture;
  const [mines, others] = along === 0 ? [points.x, points.y] : [points.y, points.x];
  const near = mines.map((_, index) => index).filter((index) => Math.abs(unit(other, others[index]) - unit(other, fixed)) <= NEAR);
  return { axis: mine, other, fixed, places, value, low: bound(-1), high: bound(1), near: near.map((index) => ({ at: mines[index], value: points.value[index], run: points.run[index] })) };
}

/** A cut as a figure of lines. */
export function sectionFigure(cut, metric, tone) {
  const edge = { type: "scatter", mode: "lines", x: cut.places, line: { width: 0 }, hoverinfo: "skip" };
  const data = [
    ...(cut.low ? [{ ...edge, y: cut.low }, { ...edge, y: cut.high, fill: "tonexty", fillcolor: `$${tone}/0.18` }] : []),
    { type: "scatter", mode: "lines", x: cut.places, y: cut.value, line: { color: `$${tone}`, width: 2 }, hovertemplate: "%{x:.3~g}: %{y:.4~g}<extra></extra>" },
    { type: "scatter", mode: "markers", x: cut.near.map(({ at }) => at), y: cut.near.map(({ value }) => value), text: cut.near.map(({ run }) => escaped(run)), marker: { size: 7, color: "$ink", line: { color: "$card", width: 1.5 } }, hovertemplate: "%{text}<br>%{x:.3~g}: %{y:.4~g}<extra></extra>" },
  ];
  return { data, layout: flatLayout(cut.axis, metric) };
}

/** The colours of heights, as tokens to be painted. */
export const shades = () => ({ colorscale: TIDE });

/** A quick picture of the coarse grid from the same place, on a canvas: it is there before the library has been compiled. */
export function sketch(canvas, { picture, grid, at, colorscale }) {
  const pen = canvas.getContext("2d");
  const { width, height } = canvas;
  const { eye, up } = camera(at);
  const known = grid.value.flatMap((row) => Array.from(row).filter(Number.isFinite));
  const all = [...known, ...picture.points.value];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const [x, y] = picture.axes;
  const minus = (one, other) => one.map((part, place) => part - other[place]);
  const cross = ([a, b, c], [d, e, f]) => [b * f - c * e, c * d - a * f, a * e - b * d];
  const dot = (one, other) => one.reduce((sum, part, place) => sum + part * other[place], 0);
  const unitVector = (one) => one.map((part) => part / Math.hypot(...one));
  const from = [eye.x, eye.y, eye.z];
  const ahead = unitVector(minus([0, 0, CENTRE], from));
  const right = unitVector(cross(ahead, [up.x, up.y, up.z]));
  const above = cross(right, ahead);
  const scale = height / 2 / Math.tan(Math.PI / 8);
  const corner = (row, column) => {
    const value = grid.value[row]?.[column];
    if (!Number.isFinite(value)) return null;
    const place = minus([(unit(x, grid.x[column]) - 0.5) * BOX.x, (unit(y, grid.y[row]) - 0.5) * BOX.y, ((value - low) / (high - low || 1) - 0.5) * BOX.z], from);
    const depth = dot(place, ahead);
    return { depth, value, x: width / 2 + (scale * dot(place, right)) / depth, y: height / 2 - (scale * dot(place, above)) / depth };
  };
  const places = grid.y.map((_, row) => grid.x.map((__, column) => corner(row, column)));
  const cells = [];
  for (let row = 1; row < places.length; row += 1)
    for (let column = 1; column < places[row].length; column += 1) {
      const corners = [places[row - 1][column - 1], places[row - 1][column], places[row][column], places[row][column - 1]];
      if (corners.every(Boolean)) cells.push(corners);
    }
  cells.sort((one, other) => other[0].depth - one[0].depth);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  for (const corners of cells) {
    const shade = Math.round(((corners[0].value - least) / (most - least || 1)) * (colorscale.length - 1));
    pen.fillStyle = pen.strokeStyle = colorscale[shade][1];
    pen.beginPath();
    for (const { x: across, y: down } of corners) pen.lineTo(across, down);
    pen.closePath();
    pen.fill();
    pen.stroke();
  }
}
