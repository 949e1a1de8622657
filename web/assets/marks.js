// Marks of a figure and the rows they stand for: told by each of them, or by the place on a line whose axis is a column.

/** Whether something is known of the rows behind a trace's marks. */
export function known(trace) {
  return trace.meta?.where !== undefined || Boolean(trace.meta?.along);
}

/** The rows behind a mark, as `engine/cohort.py` writes them; nothing where none are known. */
export function whereOf(trace, own, index) {
  if (trace?.meta?.where !== undefined) return own?.[trace.meta.where] || undefined;
  if (!trace?.meta?.along || index === null || index === undefined || Array.isArray(index)) return undefined;
  return stretch(trace.meta.along, trace.x[index], trace.x[index]);
}

/** The rows of a stretch of a line; a browser has milliseconds of a time, so that its ends reach one further. */
export function stretch({ column, before }, from, to) {
  if (from === null || to === null || from === undefined || to === undefined) return undefined;
  const ends = column === "time" ? [written(moment(from) - 1), written(moment(to) + 1)] : [Number(from), Number(to)];
  return `${before ? `${before};` : ""}${column}=${ends.join("..")}`;
}

function moment(at) {
  return typeof at === "string" ? Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(at) ? at : `${at.replace(" ", "T")}Z`) : Number(at);
}

function written(milliseconds) {
  return new Date(milliseconds).toISOString().slice(0, -1);
}

/** Of several datasets runs are called by their dataset too, which no row says: marks are not told by their run then. */
export function ofSeveral(figure) {
  for (const trace of figure.data) {
    if (trace.meta?.along) trace.meta.along = { ...trace.meta.along, before: "" };
    if (trace.meta?.where === undefined || trace.meta.cells) continue;
    for (const own of trace.customdata) if (/(^|;)run=/.test(own?.[trace.meta.where] ?? "")) own[trace.meta.where] = "";
  }
}

/** A place on a line in words. */
export function placed({ meta, x }, index) {
  const at = meta.along.column === "time" ? written(moment(x[index])).slice(0, 19).replace("T", " ") : Number(x[index]).toLocaleString("en-US");
  return `${meta.along.column} ${at}`;
}

/** What was drawn around with the mouse on cells and lines, of which Plotly chooses none: the rows and the name of each. */
export function around(traces, { range, lassoPoints }) {
  const { x: xs, y: ys } = range ?? lassoPoints ?? {};
  if (!xs?.length || !ys?.length) return [];
  const cells = traces.find((trace) => trace.meta?.cells && trace.meta.where !== undefined);
  if (cells) return within(cells, xs, ys);
  const lines = traces.filter((trace) => trace.meta?.along);
  return lines.length ? reached(lines, xs) : [];
}

/** The stretch of lines between the outermost places; of several lines of whatever run. */
function reached(lines, xs) {
  const { column } = lines[0].meta.along;
  const alike = lines.every((line) => line.meta.along.before === lines[0].meta.along.before);
  const places = xs.map((at) => (column === "time" ? moment(at) : Number(at)));
  const [from, to] = [Math.min(...places), Math.max(...places)];
  const ends = column === "step" ? [Math.ceil(from), Math.floor(to)] : [from, to];
  if (ends[0] > ends[1]) return [];
  const where = stretch(alike ? lines[0].meta.along : { column, before: "" }, ...ends);
  return [[where, `${column} ${where.slice(where.lastIndexOf("=") + 1).replace("..", " to ")}`]];
}

function within(cells, xs, ys) {
  const inside = (at, ends) => at >= Math.min(...ends) && at <= Math.max(...ends);
  const found = [];
  cells.y.forEach((y, down) => cells.x.forEach((x, along) => {
    const own = cells.customdata[down][along];
    if (inside(x, xs) && inside(y, ys) && own[cells.meta.where]) found.push([own[cells.meta.where], own.slice(0, 2).filter(Boolean).join(" · ")]);
  }));
  return found;
}
