const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const config = { displaylogo: false, responsive: true };

function draw(mode) {
  for (const [name, figure] of Object.entries(figures[mode])) {
    Plotly.react(`chart-${name}`, figure.data, figure.layout, config);
  }
}

const follow = () => draw(dark.matches ? "dark" : "light");
follow();
dark.addEventListener("change", follow);
window.addEventListener("beforeprint", () => draw("light"));
window.addEventListener("afterprint", follow);
