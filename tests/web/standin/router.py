import streamlit as st

st.markdown("the router ran")
st.navigation([st.Page("pages/first.py", default=True), st.Page("pages/secret.py"), st.Page("pages/failing.py")]).run()
