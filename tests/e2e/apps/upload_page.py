"""The page: the upload control, and a line for each upload that is whole."""

import hashlib

import streamlit as st

from sxt.ui.services import services
from sxt.ui.upload.component import upload_files

st.set_page_config(page_title="upload", layout="wide")


def show() -> None:
    uploads = services().uploads
    for state in upload_files(uploads, piece_bytes=256 << 10):
        path = uploads.source_path(state.upload.id)
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        st.text(f"arrived {state.upload.name} {digest}")
        st.button(
            f"Remove {state.upload.name}",
            key=state.upload.id,
            on_click=uploads.remove,
            args=(state.upload.id,),
        )


def other() -> None:
    st.text("another page")


st.navigation(
    [st.Page(show, title="Upload", default=True), st.Page(other, title="Other", url_path="other")]
).run()
