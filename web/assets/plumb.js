// What every part shares: the one socket of the tab, the colours of the page, numbers as people read them.

const KEPT = 2000;
const SLOWEST = 10000;

class Bus {
  constructor() {
    this.last = null;
    this.kept = [];
    this.listeners = new Set();
    this.views = new Map();
    this.presence = new Set();
    this.failures = 0;
    this.state = "connecting";
  }

  /** Connect once; `since` is the event id as of which the first page was read. */
  start(since) {
    if (this.started) return;
    this.started = true;
    this.last = since;
    this.connect();
    addEventListener("online", () => this.retry());
    addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  /** Call fn(kind, body, id, topic) for each event of the topic ("run/*" for all runs) later than `since`. */
  on(topic, fn, since) {
    const listener = { topic, fn, seen: since ?? this.last ?? 0 };
    this.listeners.add(listener);
    for (const event of this.kept) hand(listener, event);
    return () => this.listeners.delete(listener);
  }

  connect() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    this.socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ since: this.last }));
      if (this.said) socket.send(JSON.stringify(this.said));
    };
    socket.onmessage = (message) => this.take(JSON.parse(message.data));
    socket.onclose = (closing) => this.closed(closing.code);
  }

  take(message) {
    if (message.hello !== undefined) {
      this.failures = 0;
      this.upto = message.hello;
      this.last ??= message.hello;
      this.tell("live");
    }
    if (message.resync) {
      this.last = this.upto;
      dispatchEvent(new CustomEvent("plumb:resync"));
    }
    if (message.present) for (const fn of this.presence) fn(message.here, message.present);
    for (const event of message.events ?? []) this.publish(event);
  }

  /** Say something to the server, such as which project this tab shows; said again when the socket is a new one. */
  say(message) {
    this.said = message;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Call fn(slug, names) whenever the server says who has a project open. */
  present(fn) {
    this.presence.add(fn);
    return () => this.presence.delete(fn);
  }

  publish(event) {
    if (event.id <= this.last) return;
    this.last = event.id;
    this.kept.push(event);
    if (this.kept.length > KEPT) this.kept.shift();
    for (const listener of [...this.listeners]) hand(listener, event);
  }

  closed(code) {
    this.socket = null;
    this.failures += 1;
    this.tell("reconnecting");
    if (code === 4401 || this.failures % 3 === 0) askWhetherSignedIn();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.retry(), Math.min(SLOWEST, 200 * 1.7 ** this.failures) * (0.7 + 0.6 * Math.random()));
  }

  retry() {
    if (this.started && !this.socket) this.connect();
  }

  tell(state) {
    this.state = state;
    document.documentElement.dataset.live = state;
    for (const element of document.querySelectorAll("[data-plumb-status]")) element.textContent = STATES[state];
  }

  /** Listen to all datasets that a part is made of; of several together every version is a newer one. */
  follow(given, heard) {
    const others = given.beside ?? [];
    const tell = (kind, body) => heard(kind, others.length && kind === "version" ? { answer: null, version: null } : body);
    const ends = [given.dataset, ...others].map((dataset) => this.on(`dataset/${dataset}`, tell, given.since));
    return () => ends.forEach((end) => end());
  }

  /** The view at `address` at `version` or later: one request for all parts of a page that want it. */
  view(address, version) {
    const known = this.views.get(address);
    if (known && known.version >= version) return known.promise;
    const promise = fetch(`/view/${address}&mode=tokens`, { headers: { accept: "application/json" } }).then((answer) =>
      answer.ok ? answer.json() : Promise.reject(new Error(`view: ${answer.status}`)),
    );
    this.views.set(address, { version, promise });
    promise.catch(() => this.views.delete(address));
    return promise;
  }
}

export const STATES = { connecting: "Connecting…", live: "Live", reconnecting: "Reconnecting…" };

function hand(listener, event) {
  const matches = listener.topic.endsWith("*") ? event.topic.startsWith(listener.topic.slice(0, -1)) : event.topic === listener.topic;
  if (!matches || event.id <= listener.seen) return;
  listener.seen = event.id;
  listener.fn(event.kind, event.body, event.id, event.topic);
}

async function askWhetherSignedIn() {
  const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" }).catch(() => null);
  if (answer && (answer.type === "opaqueredirect" || answer.status === 401)) location.reload();
}

export const plumb = (window.__plumb ||= new Bus());

/** The data of a part: JSON given as an object or as UTF-8 bytes. */
export function read(data) {
  return data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data;
}

/** An element with attributes, handlers (`onclick`) and children; text is always text, never markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Put these children into `parent` in this order. What is there already stays where it is: what is moved would lose the focus. */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  for (const [place, child] of children.entries()) if (parent.childNodes[place] !== child) parent.insertBefore(child, parent.childNodes[place] ?? null);
}

/** What a part has put into the address, and what the page says back of it, later and in that order. */
export class Address {
  told = [];

  /** This is being put into the address now. */
  tell(shown) {
    if (shown !== this.last) this.told.push(shown);
  }

  /** What was said last, by either side. */
  get last() {
    return this.told.length ? this.told.at(-1) : this.heard;
  }

  /** Whether what the page says now is news: neither what it said before nor an echo of what it was told. */
  news(shown) {
    if (shown === this.heard) return false;
    this.heard = shown;
    const echoed = this.told.indexOf(shown);
    this.told.splice(0, echoed < 0 ? this.told.length : echoed + 1);
    return echoed < 0;
  }
}

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  refresh: "M15.5 7.5A6 6 0 1 0 16 11 M15.8 3.800v3.900h-3.900",
  table: "M3 5.5h14v9H3z M3 9h14 M8 9v5.5",
  image: "M3 4.500h14v11H3z M3 13l4-4 4 4 2-2 4 4",
  file: "M10 3v9 M6.5 8.5 10 12l3.5-3.5 M4 15.500h12",
  large: "M11.5 4H16v4.5 M16 4l-5 5 M8.5 16H4v-4.5 M4 16l5-5",
  close: "M5 5l10 10 M15 5 5 15",
  brush: "M3.5 6.500v-3h3 M13.500 3.500h3v3 M16.500 13.500v3h-3 M6.500 16.500h-3v-3 M7 10h6 M10 7v6",
  lasso: "M10 3.500c4 0 7 2 7 4.500s-3 4.500-7 4.500-7-2-7-4.500 3-4.500 7-4.500z M6 12c-1.500 1-1.500 3 .5 3.200 1.500.1 2-.7 1.500-1.400",
  undo: "M4 7.500h8a4 4 0 0 1 0 8H8 M7 4.500l-3 3 3 3",
  redo: "M16 7.500H8a4 4 0 0 0 0 8h4 M13 4.500l3 3-3 3",
  copy: "M7 7h9v9H7z M4 13V4h9",
  link: "M8.5 11.500l3-3 M9 6.500l1.8-1.800a3.2 3.2 0 0 1 4.5 4.500L13.5 11 M11 13.500l-1.8 1.800a3.2 3.2 0 0 1-4.5-4.500L6.5 9",
  share: "M10 12V3.500 M6.500 6.500 10 3l3.500 3.500 M6 9.500H4.500v7h11v-7H14",
  save: "M5.5 3.500h9v13L10 13l-4.5 3.500z",
  more: "M4.5 10h.01 M10 10h.01 M15.5 10h.01",
  search: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4z M12.7 12.7 16 16",
  page: "M5.5 3.500h6l3 3v10h-9z M11.5 3.500v3h3",
  data: "M4 5.500C4 4 16 4 16 5.500v9C16 16 4 16 4 14.500z M4 5.500C4 7 16 7 16 5.5 M4 10c0 1.5 12 1.5 12 0",
  action: "M11 3 5 11h4.500L9 17l6-8h-4.500z",
  upload: "M10 13V4.5 M6.5 8 10 4.5 13.5 8 M4 15.500h12",
  bell: "M10 3a4.2 4.2 0 0 0-4.2 4.2c0 4.3-1.8 5.8-1.8 5.8h12s-1.8-1.5-1.8-5.8A4.2 4.2 0 0 0 10 3z M8.6 15.800a1.6 1.6 0 0 0 2.8 0",
  decide: "M5 3.500h7l3 3V10 M5 3.500v13h4.500 M7.5 7.500h3 M7.5 10.500h2 M11.500 14.500l2 2 3.5-4",
  check: "M4.5 10.500l3.5 3.5 7.5-8",
  people: "M7.5 9.5a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5z M2.500 16c.3-3 2.300-4.500 5-4.500s4.700 1.500 5 4.500 M13 4.300a2.750 2.750 0 0 1 0 5 M14.500 11.800c1.700.6 2.800 2 3 4.200",
  star: "M10 3l2.200 4.500 4.900.7-3.550 3.450.850 4.850L10 14.200 5.600 16.500l.850-4.850L2.900 8.200l4.900-.7z",
  grip: "M7.500 5h.01 M12.500 5h.01 M7.500 10h.01 M12.500 10h.01 M7.500 15h.01 M12.500 15h.01",
  arrange: "M3.500 3.500h5.500v5.500h-5.500z M12 3.500h4.500v5.500H12z M3.500 12h5.500v4.500h-5.500z M12 12h4.500v4.500H12z",
  hide: "M3 10s2.500-4.500 7-4.500S17 10 17 10s-2.500 4.500-7 4.500S3 10 3 10z M4 16 16 4",
  wide: "M3 6.500v7 M17 6.500v7 M5.500 10h9 M7.500 7.500 5 10l2.500 2.500 M12.500 7.500 15 10l-2.500 2.500",
  help: "M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4z M10 9.4v4.1 M10 6.6h.01",
};

/** A stroke icon of the house, hidden from readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "pl-icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

const PERCENT = new Set(
  "accuracy accuracy_trusted agreement base_rate chance composition_share consensus_accuracy held mean_score order_consistency position_bias raw_agreement ruler_accuracy style_accuracy tie_rate truncated_first truncated_last trusted win_rate_human win_rate_judge win_rate_ppi zero_variance_first zero_variance_last".split(" "),
);
const WHOLE = new Set(
  "alarms best_step change_at change_points changes cost crossing delay drifted failed features frames items labels_needed length_change length_first length_last losses n not_apart onset_at peak_n prompts prompts_needed raters runs runs_rising settings signals_fired signals_watched steps streams_watched top_gap trials units windows wins".split(" "),
);
const P_VALUES = new Set("dm_p p_holm p_value q_value".split(" "));
const TWO = new Set("budget_left kl_now peak_kl spiegelhalter_z temperature".split(" "));
const SIGNIFICANT = new Set("best_value best_x best_y effect_x effect_y lead next_value next_x next_y noise".split(" "));

const TONES = {
  good: "automate calibrated gains leader no_alarm no_drift_detected no_onset not_reached ship".split(" "),
  warn: "below_target chance earlier_is_better near_peak need_more no_gain_detected one_category proxy_only shared_lead unclear undecided under_confident watch".split(" "),
  bad: "alarm drifted hold loses miscalibrated onset opposed over_confident over_optimised passed reward_rose_gold_fell".split(" "),
};

/** How a verdict is to be taken: good, warn, bad, else plain. */
export function tone(verdict) {
  return Object.keys(TONES).find((name) => TONES[name].includes(verdict)) ?? "plain";
}

/** How this person has numbers and times written. */
export const formats = { numbers: "point", zone: "local" };

/** The decimal mark and the one between thousands, by what was chosen. */
const MARKS = { point: [".", ","], comma: [",", "."], space: [",", "\u202f"] };

/** A number as it is written in English, with the marks that this person wants. */
export function punctuated(text) {
  if (formats.numbers === "point") return text;
  const [decimal, group] = MARKS[formats.numbers] ?? MARKS.point;
  return text.replace(/[.,]/g, (mark) => (mark === "." ? decimal : group));
}

/** The two marks, as charts are told. */
export function separators() {
  return (MARKS[formats.numbers] ?? MARKS.point).join("");
}

/** A moment to the minute, or to the second, in the time zone of this person, and which that is. */
export function moment(iso, seconds = false) {
  const zone = formats.zone === "local" ? undefined : formats.zone;
  const shown = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone, timeZoneName: "short", ...(seconds ? { second: "2-digit" } : {}) };
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", shown).formatToParts(new Date(iso)).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}${seconds ? `:${parts.second}` : ""} ${parts.timeZoneName}`;
}

export function fixed(value, digits) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return punctuated(value.toFixed(digits).replace("-", "−"));
}

/** The value of the estimate `name` in its own unit. */
export function estimate(name, value) {
  if (value === null || value === undefined) return "–";
  if (WHOLE.has(name)) return whole(value).replace("-", "−");
  if (SIGNIFICANT.has(name)) return significant(value);
  if (P_VALUES.has(name) && value < 0.0005) return "< 0.001";
  return PERCENT.has(name) ? `${fixed(100 * value, 1)} %` : fixed(value, TWO.has(name) ? 2 : 3);
}

/** Three digits that count, with a power of ten where there would be many noughts: 3e-5, 0.12, 1,200. */
export function significant(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const few = Number(size.toPrecision(3));
  const text = size === 0 || (size >= 1e-4 && size < 1e6) ? (few >= 100 ? few.toLocaleString("en-US") : String(few)) : `${Number(size.toExponential(2).split("e")[0])}e${Number(size.toExponential(2).split("e")[1])}`;
  return (value < 0 ? "−" : "") + punctuated(text);
}

/** `[low, high]` in the unit of the estimate, else what a calibrated model would reach, else nothing. */
export function beside(name, found) {
  if (found?.low !== null && found?.low !== undefined && found.high !== null && found.high !== undefined) {
    const [low, high] = PERCENT.has(name) ? [fixed(100 * found.low, 1), fixed(100 * found.high, 1)] : [estimate(name, found.low), estimate(name, found.high)];
    return `[${low}, ${high}]`;
  }
  if (found?.null_95 !== null && found?.null_95 !== undefined) return `calibrated ≤ ${estimate(name, found.null_95)}`;
  return "";
}

export function whole(value) {
  return value === null || value === undefined ? "–" : punctuated(Math.round(value).toLocaleString("en-US"));
}

/** How long ago, in words. */
export function ago(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 10) return "just now";
  const [amount, unit] = seconds < 90 ? [seconds, "s"] : seconds < 5400 ? [seconds / 60, "min"] : seconds < 129600 ? [seconds / 3600, "h"] : [seconds / 86400, "d"];
  return `${Math.round(amount)} ${unit} ago`;
}

/** Put text into an element; say by a short glow that it moved. */
export function put(element, text) {
  if (!element || element.textContent === text) return;
  const first = element.textContent === "";
  element.textContent = text;
  if (!first) glow(element);
}

export function glow(element) {
  element.classList.remove("pl-moved");
  void element.offsetWidth;
  element.classList.add("pl-moved");
}

const TOKEN = /^\$([a-z_]+)(?:\/(0?\.\d+|1|0))?$/;

/** What the tokens stand for in the present theme: to ask the page makes it work out its whole style. */
const tones = new Map();
addEventListener("plumb:theme", () => tones.clear());

/** A copy of the figure with its colour tokens replaced by the colours of the page at `place`. */
export function paint(figure, place) {
  const tone = (token) => {
    const match = TOKEN.exec(token);
    if (!match) return token;
    if (!tones.has(match[1])) tones.set(match[1], colour(match[1], place));
    return match[2] === undefined ? `rgb(${tones.get(match[1])})` : `rgba(${tones.get(match[1])},${match[2]})`;
  };
  const walk = (value, coloured) => {
    if (Array.isArray(value)) return value.map((part) => walk(part, coloured));
    if (value && typeof value === "object" && !ArrayBuffer.isView(value))
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, walk(part, /color(way|scale)?$/.test(key))]));
    return coloured && typeof value === "string" ? tone(value) : value;
  };
  return walk(figure, false);
}

function colour(token, place) {
  const probe = place.appendChild(make("i", { hidden: true }));
  probe.style.color = `var(--pl-${token.replaceAll("_", "-")})`;
  const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).join(",");
  probe.remove();
  return found;
}

/** Copy text; say so on the button. */
export async function copy(text, button) {
  const label = button.querySelector("span") ?? button;
  const before = button.dataset.label ?? (button.dataset.label = label.textContent);
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Not allowed by the browser";
  }
  button.dataset.said = "";
  setTimeout(() => {
    label.textContent = before;
    delete button.dataset.said;
  }, 1600);
}

/** Give the browser a file. */
export function download(name, content, type) {
  const address = typeof content === "string" && content.startsWith("data:") ? content : URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => address.startsWith("blob:") && URL.revokeObjectURL(address), 1000);
}

/** Rows as CSV in which no cell can start a formula. */
export function csv(table) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [table.columns, ...table.rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}
