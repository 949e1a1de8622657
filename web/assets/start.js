// Before Streamlit: where its server is (so that a deep link asks no other place), and the colour of the empty page.
window.__streamlit = { BACKEND_BASE_URL: location.origin };
{
  const chosen = localStorage.getItem("plumb.theme");
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.style.backgroundColor = dark ? "#0d121a" : "#f5f6f9";
}
