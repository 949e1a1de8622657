import streamlit as st

greeting = st.components.v2.component(
    "greeting",
    html="<p id='greeting'></p>",
    js="export default function({parentElement, data}) {\n"
    " parentElement.querySelector('#greeting').textContent = 'greeting ' + data.n;"
    " if (!window.__plotly) { window.__plotly = new Promise((done) => { const s = document.createElement('script');"
    " s.src = '/assets/plotly.js?v=1'; s.onload = () => { window.__loaded = true; done(); };"
    " document.head.append(s); }); } }",
)
