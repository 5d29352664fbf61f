"""What a workspace without tomograms offers."""

import streamlit as st

from sxt.jobs.kinds.demo import DemoSettings
from sxt.ui.job_progress import jobs_of_kinds, submit_job
from sxt.ui.shell import page_file

STEPS = (
    ("Bring in a tomogram", "MRC, TIFF, HDF5, Zarr, Amira, NPY or TXM; or simulate a cell."),
    ("Segment it", "A model that ships with the program finds membranes, on a GPU or a CPU."),
    ("See it in 3D", "Surfaces with volume, area and shape of each component."),
    ("Share it", "A link that opens for anybody, without an account."),
)


def draw_first_start(page: str) -> None:
    """Draw the ways to begin and the steps that follow.

    Parameters
    ----------
    page : str
        On whose behalf the demo is submitted.
    """
    is_coming = bool(jobs_of_kinds(("demo", "import"), page=page))
    with st.container(border=True):
        st.subheader("Begin with a tomogram", anchor=False)
        with st.container(horizontal=True):
            if st.button("Try a simulated cell", type="primary", disabled=is_coming, key="home-demo"):
                submit_job("demo", DemoSettings(), page=page)
                st.rerun()
            if st.button("Bring in your own", key="home-upload"):
                st.switch_page(page_file("upload"))
        st.caption(
            "The simulated cell takes about half a minute to make, and needs no file; half of it is labelled."
        )
    for column, number in zip(st.columns(len(STEPS)), range(len(STEPS)), strict=True):
        title, sentence = STEPS[number]
        column.markdown(f"**{number + 1}. {title}**  \n:gray[{sentence}]")
