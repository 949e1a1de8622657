
const payload = JSON.parse(document.getElementById("payload").textContent);
const palettes = JSON.parse(document.getElementById("palettes").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const TOKEN = /^\$([a-z_]+)(?:\/(0?\.\d+|1|0))?$/;

function tone(text) {
  const match = TOKEN.exec(text);
  const found = match && palettes[dark.matches ? "dark" : "light"][match[1]];
  if (!found) return text;
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(found.slice(start, start + 2), 16));
  return match[2] === undefined ? found : `rgba(${red},${green},${blue},${match[2]})`;
}

function walk(value, coloured) {
  if (Array.isArray(value)) return value.map((part) => walk(part, coloured));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, walk(part, /color(way|scale)?$/.test(key))]));
  return coloured && typeof value === "string" ? tone(value) : value;
}

const player = new Player(document.getElementById("player"), { library: Plotly, paint: (figure) => walk(figure, false) });
player.load(payload);
dark.addEventListener("change", () => {
  player.repaint();
  player.show(player.index);
});
