// A run under way: its stage, its progress and the answer of the rows seen so far, by events; when it ends, the page is
// asked to look again.
import { make, plumb, put, read, whole } from "./plumb.js";

export default function run({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const part = (parentElement.__run ||= build(parentElement));
  part.off?.();
  show(part, given);
  part.off = plumb.on(
    `run/${given.run}`,
    (kind, body) => {
      if (kind === "partial") return showPartial(part.partial, body);
      show(part, body);
      if (["done", "failed", "cancelled"].includes(body.state)) setTriggerValue("ended", { run: given.run, state: body.state });
    },
    given.since,
  );
  return () => part.off();
}

function build(parent) {
  const stage = make("span", { class: "pl-run-stage" });
  const share = make("span", { class: "pl-run-share" });
  const bar = make("progress", { max: "1", "aria-label": "Progress" });
  const partial = make("section", { class: "pl-partial", "aria-label": "Partial answer", hidden: true });
  parent.append(make("div", { class: "pl-run", role: "status" }, stage, share, bar), partial);
  return { stage, share, bar, partial };
}

const WORDS = { queued: "Waiting for the runner", running: "Reading", done: "Done", failed: "Failed", cancelled: "Cancelled" };

function show({ stage, share, bar }, { state, progress, stage: words }) {
  stage.textContent = words && state === "running" ? words : WORDS[state] ?? state;
  if (state === "running" && progress > 0) bar.value = progress;
  else bar.removeAttribute("value");
  share.textContent = state === "running" && progress > 0 ? `${Math.round(100 * progress)} %` : "";
}

/** The answer of a part of the rows, named as one. */
export function showPartial(place, { rows, of, answer }) {
  if (!place.firstChild) place.append(make("p", { class: "pl-partial-sentence" }), make("p", { class: "pl-partial-rows", "data-live": "partial" }));
  put(place.firstChild, answer.sentence);
  put(place.lastChild, `partial, ${whole(rows)} of ${whole(of)} rows`);
  place.hidden = false;
}
