// What the palette shows: entries of the server, actions that ask to what, and the controls of the page in front.

const ON_PAGE = 8;

/** The number of the dataset in the address, as entries name it. */
function datasetHere() {
  const named = new URLSearchParams(location.search).get("dataset");
  return named ? `dataset:${named}` : "";
}

/** Actions that are done to one of several things, as one line each. */
export function groups(entries, known) {
  return Object.entries(known ?? {}).map(([target, group]) => ({
    id: `group:${target}`, title: group.title, section: "Actions", run: "group", target, synonyms: group.synonyms, label: group.label,
    of: entries.filter((entry) => entry.target === target && entry.thing),
  }));
}

/** Things to choose one from: what the page in front is about comes first. */
export function things(group) {
  const here = datasetHere();
  const all = group.of.map((entry) => ({ ...entry, title: entry.thing, whole: entry, section: "", hint: entry.about === here ? "on this page" : entry.hint, run: "link" }));
  return [...all.filter((entry) => entry.about === here), ...all.filter((entry) => entry.about !== here)];
}

/** The controls of the page in front: one line to set each, and one for each value that it may have. */
export function controls(given) {
  return given.flatMap((control) => {
    const { name, label, options = [], now } = control;
    const question = { ...control, name: "value", default: Array.isArray(now) ? now.join(", ") : now, options, chosen: now, optional: control.kind === "text" };
    const title = (value) => options.find(([known]) => known === value)?.[1] ?? value;
    const set = { id: `set:${name}`, title: `Set ${label.toLowerCase().startsWith("set ") ? label.slice(4) : label}…`, section: "On this page", run: "action", hint: [now].flat().map(title).join(", "), synonyms: ["parameter", "control", "change"], questions: [question], here: true };
    if (control.kind !== "choice") return [set];
    const values = options.filter(([value]) => value !== now).map(([value, said]) => ({
      id: `set:${name}`, key: `set:${name}:${value}`, title: `${label}: ${said}`, section: "On this page", run: "action", synonyms: [], given: { value }, quiet: true,
    }));
    return [set, ...values];
  });
}

/** What is shown before anything is typed: used lately, what this page is about, then the rest, a few of each section. */
export function first(entries, use) {
  const here = datasetHere();
  const used = entries.filter((entry) => use(entry) > 0 && !entry.quiet).sort((one, other) => use(other) - use(one)).slice(0, 5);
  const lately = new Set(used);
  const about = entries.filter((entry) => !lately.has(entry) && (entry.here || (here && entry.about === here && entry.run === "action") || entry.target === "view.save")).slice(0, ON_PAGE);
  const near = new Set(about);
  const rest = entries.filter((entry) => !lately.has(entry) && !near.has(entry) && !entry.quiet && !entry.thing);
  return [...used.map((entry) => ({ ...entry, section: "Used lately" })), ...about.map((entry) => ({ ...entry, section: "On this page" })), ...rest];
}

/** What else speaks for an entry besides its words. */
export function liking(entry, use) {
  const kind = { page: 6, group: 2, link: 1 }[entry.run] ?? 0;
  return kind + (entry.here ? 4 : 0) - (entry.quiet ? 6 : 0) - (entry.thing ? 3 : 0) + (entry.about && entry.about === datasetHere() ? 4 : 0) + Math.min(9, 3 * Math.sqrt(use));
}
