// What holds for the whole tab: the socket, the theme, the density, the status of the connection.
import { plumb } from "./plumb.js";

const HOST_MESSAGE = { stCommVersion: 1, type: "SET_CUSTOM_THEME_CONFIG" };
const dark = matchMedia("(prefers-color-scheme: dark)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const FADE = { duration: 180, easing: "ease-out" };

/** Take what the page was given; `rerun` asks for the page again. */
export default function shell(given, rerun) {
  const state = (window.__plumbShell ||= { wanted: null });
  state.given = given;
  state.rerun = rerun;
  if (!state.listening) listen(state);
  document.documentElement.dataset.density = given.density;
  choose(state, given.theme);
  if (given.outcome) dispatchEvent(new CustomEvent("plumb:outcome", { detail: given.outcome }));
  plumb.start(given.since);
  plumb.tell(plumb.state);
}

function listen(state) {
  state.listening = true;
  addEventListener("plumb:resync", () => state.rerun());
  addEventListener("plumb:prefer", (event) => prefer(state, event.detail));
  plumb.on("user/*", (kind, body) => kind === "preference" && prefer(state, body), state.given.since);
  dark.addEventListener("change", () => state.wanted === "system" && apply(state));
  addEventListener("pagehide", () => note(state));
  follow();
}

/** A setting changed in this tab or in another: follow at once. */
function prefer(state, { key, value }) {
  if (key === "theme") choose(state, value);
  if (key === "density") document.documentElement.dataset.density = value;
}

function choose(state, theme) {
  const first = state.wanted === null;
  if (state.wanted === theme) return;
  state.wanted = theme;
  if (first && theme === "system" && !localStorage.getItem("plumb.theme")) return;
  localStorage.setItem("plumb.theme", theme);
  apply(state);
}

/** Ask Streamlit for the theme without a rerun. */
function apply(state) {
  const mode = state.wanted === "system" ? (dark.matches ? "dark" : "light") : state.wanted;
  const now = document.documentElement.dataset.theme;
  if (now !== mode) postMessage({ ...HOST_MESSAGE, themeInfo: state.given.themes[mode] }, location.origin);
  note(state);
}

/** Streamlit forgets a theme that it was asked for: write down, for every page, what its next load begins with. */
function note(state) {
  if (!localStorage.getItem("plumb.theme")) return;
  const remembered = JSON.stringify({ light: "Light", dark: "Dark", system: "System" }[state.wanted]);
  for (const path of [location.pathname, ...state.given.paths]) localStorage.setItem(`stActiveTheme-${path}-v2`, remembered);
}

/** Keep <html data-theme> equal to what the page shows, and tell the charts. Another theme fades in as a whole: colours that
    each change gradually would have the page worked out anew in every frame. */
function follow() {
  const app = document.querySelector(".stApp");
  const look = () => {
    const mode = getComputedStyle(app).colorScheme.includes("dark") ? "dark" : "light";
    const before = document.documentElement.dataset.theme;
    if (before === mode) return;
    document.documentElement.dataset.theme = mode;
    if (before && !calm.matches) app.animate({ opacity: [0.4, 1] }, FADE);
    requestAnimationFrame(() => dispatchEvent(new CustomEvent("plumb:theme", { detail: mode })));
  };
  new MutationObserver(look).observe(app, { attributes: true, attributeFilter: ["class", "style"] });
  look();
}

