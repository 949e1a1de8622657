// A run under way: its stage and progress by events; when it ends, the page is asked to look again.
import { make, plumb, read } from "./plumb.js";

export default function run({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  const part = (parentElement.__run ||= build(parentElement));
  part.off?.();
  show(part, given);
  part.off = plumb.on(
    `run/${given.run}`,
    (kind, body) => {
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
  parent.append(make("div", { class: "pl-run", role: "status" }, stage, share, bar));
  return { stage, share, bar };
}

const WORDS = { queued: "Waiting for the runner", running: "Reading", done: "Done", failed: "Failed", cancelled: "Cancelled" };

function show({ stage, share, bar }, { state, progress, stage: words }) {
  stage.textContent = words && state === "running" ? words : WORDS[state] ?? state;
  if (state === "running" && progress > 0) bar.value = progress;
  else bar.removeAttribute("value");
  share.textContent = state === "running" && progress > 0 ? `${Math.round(100 * progress)} %` : "";
}
