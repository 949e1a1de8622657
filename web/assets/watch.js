// Waits for something to happen in a project that shows nothing yet.
import { plumb, read } from "./plumb.js";

export default function watch({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  parentElement.__off?.();
  const ready = (kind) => kind === "version" && setTriggerValue("moved", Date.now());
  parentElement.__off = plumb.on("dataset/*", ready, given.since);
  return () => parentElement.__off();
}
