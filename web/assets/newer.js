// Says that newer rows have arrived than those below it was made of, and asks for them when chosen.
import { icon, make, plumb, read } from "./plumb.js";

export default function newer({ data, parentElement, setTriggerValue }) {
  const given = read(data);
  parentElement.__off?.();
  parentElement.querySelector(".pl-newer")?.remove();
  const refresh = () => setTriggerValue("refresh", Date.now());
  const chip = make("button", { type: "button", class: "pl-button pl-small pl-newer", title: `What is below was computed from version ${given.version}`, onclick: refresh }, icon("refresh"), "Newer rows have arrived: refresh");
  const arrived = (kind, body) => kind === "version" && body.version > given.version && !chip.isConnected && parentElement.append(chip);
  parentElement.__off = plumb.on(`dataset/${given.dataset}`, arrived, given.since);
  return () => parentElement.__off();
}
