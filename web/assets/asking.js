// What the palette asks before it does something: one step after the other, each of which can be gone back to.
import { whole } from "./plumb.js";

export const SURE = "sure";

/** The steps of an entry: its questions, and what is said before anything is taken away. */
export class Task {
  constructor(entry, questions, before = []) {
    this.entry = entry;
    this.questions = questions;
    this.before = before; // what was chosen on the way here, as it is said
    this.given = {};
    this.at = 0;
  }

  get question() {
    if (this.at < this.questions.length) return this.questions[this.at];
    return { name: SURE, kind: SURE, label: "", options: [] };
  }

  get done() {
    return this.at >= this.questions.length + (this.entry.warning ? 1 : 0);
  }

  /** What is written into the line when a step begins: what was answered, else what is proposed. */
  get proposed() {
    const { name, kind, options } = this.question;
    if (kind === "several" || kind === SURE || options?.length) return "";
    return String(this.given[name] ?? this.question.default ?? "");
  }

  /** What was chosen so far, as the line above shows it. */
  get said() {
    const answered = this.questions.slice(0, this.at).map((question) => told(question, this.given[question.name]));
    return [...this.before, this.entry.title.replace(/…$/, ""), ...answered].filter(Boolean);
  }

  take(value) {
    if (this.question.kind !== SURE && !(this.question.optional && value === "")) this.given[this.question.name] = value;
    else delete this.given[this.question.name];
    this.at += 1;
  }

  back() {
    if (this.at === 0) return false;
    this.at -= 1;
    return true;
  }
}

function told({ options, label }, value) {
  if (value === undefined) return "";
  const named = [value].flat().map((one) => options?.find(([known]) => known === one)?.[1] ?? one);
  return `${label}: ${named.join(", ")}`;
}

/** What is wrong with an answer, in words; empty where nothing is. */
export function wrong({ kind, low, high, whole: integer, optional, label }, value) {
  if (value === "" || value === undefined) return optional || kind === "several" || kind === SURE || label === "" ? "" : `${label} is needed.`;
  if (kind !== "number") return "";
  const number = Number(String(value).replace("−", "-"));
  const bounds = low !== null && low !== undefined && high !== null && high !== undefined;
  if (!Number.isFinite(number)) return `${label} has to be a number.`;
  if (integer && !Number.isInteger(number)) return `${label} has to be a whole number.`;
  if (bounds && (number < low || number > high)) return `${label} has to be between ${spoken(low)} and ${spoken(high)}.`;
  return "";
}

/** What may be answered, in words. */
export function hint({ kind, low, high, optional, options }) {
  if (kind === SURE) return "";
  if (kind === "several") return "Enter adds or takes away; the first line goes on";
  if (options?.length) return "Type to narrow, Enter to choose";
  const bounds = kind === "number" && low !== null && low !== undefined ? `${spoken(low)} to ${spoken(high)}. ` : "";
  return `${bounds}Enter to go on${optional ? ", empty to leave it out" : ""}`;
}

function spoken(value) {
  return Number.isInteger(value) ? whole(value) : String(value);
}
