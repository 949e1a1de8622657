// Waits for a dataset of the project that the page does not show yet.
import { plumb, read } from "./plumb.js";

export default function watch({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  parentElement.__off?.();
  const ready = (kind, body) => kind === "run" && body.state === "done" && !given.known.includes(body.dataset) && setTriggerValue("moved", Date.now());
  parentElement.__off = plumb.on(`project/${given.project}`, ready, given.since);
  return () => parentElement.__off();
}
