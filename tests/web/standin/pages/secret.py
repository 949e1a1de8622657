import streamlit as st

st.markdown("the secret page")
