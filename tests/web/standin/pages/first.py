import components
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

st.markdown("the first page")
st.plotly_chart(go.Figure(go.Scatter(y=[1, 3, 2])), key="chart")
st.dataframe(pd.DataFrame(np.eye(3)))
components.greeting(key="greeting", data={"n": 1})
st.code("x = 1")
st.latex("x^2")
st.text_input("name")
st.html("<style>.stApp { transition: color .3s }</style>")
