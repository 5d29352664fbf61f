"""Home: what can be done on the command line while the dashboard is to come."""

import streamlit as st

COMMANDS = """\
source .venv/bin/activate
python -m sxt info tomogram.mrc
python -m sxt segment tomogram.mrc --output segmentation
python -m sxt surface segmentation/mask.tif --output surfaces
python -m sxt models
"""

st.title("sxt")
st.write("Segment cryo soft X-ray tomograms, reconstruct 3D surfaces and measure them.")
st.info("The dashboard is to come. Segmentation and surfaces work on the command line now.")

st.subheader("From a tomogram to measured surfaces")
st.write("Run these in the project's folder:")
st.code(COMMANDS, language="bash")
st.write(
    "`info` says what a file holds. "
    "`segment` writes a mask, a probability volume and a false-colour overview. "
    "`surface` writes meshes, a table of measurements and an interactive 3D scene that opens in a browser. "
    "`models` lists the model versions there are."
)
st.write("No tomogram at hand? `make demo` simulates a cell and takes it through all of these steps.")
