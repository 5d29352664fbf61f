"""Labels in from files and out to files."""

import re
from pathlib import Path

import streamlit as st

from sxt.ui.format import count
from sxt.ui.job_progress import submit_job
from sxt.ui.label.export_routes import EXPORTS, export_address
from sxt.ui.label.session import PAGE, LabelSession
from sxt.ui.services import base_path, services
from sxt.ui.text import escape_markdown
from sxt.ui.upload.component import upload_files

PAIR_LABELS = re.compile(r".*\.labels\.tiff?", re.IGNORECASE)
KEEP, REPLACE = "keep what is labelled", "replace it"
MAX_VALUES = 12
MASK_VALUES = {0, 255}
"""Of the masks that ImageJ makes; in labels of this program 255 is unlabelled."""


def draw_export(session: LabelSession) -> None:
    """Draw links to the labels in every format."""
    if not session.labelled:
        st.caption("Nothing is labelled yet.")
        return
    links = [
        f"[{label}]({export_address(session.tomogram.id, name, prefix=base_path())})"
        for name, label in EXPORTS.items()
        if name != "pairs"
    ]
    st.markdown("**Whole volume** (255 is unlabelled)  \n" + " · ".join(links))
    pairs = [
        f"[{escape_markdown(each.name)}]"
        f"({export_address(session.tomogram.id, 'pairs', value=each.value, prefix=base_path())})"
        for each in session.labels.classes
    ]
    st.markdown("**Pairs of slices**, image and labels of one class (ZIP)  \n" + " · ".join(pairs))


def draw_import(session: LabelSession) -> None:
    """Draw what brings labels in."""
    waiting = upload_files(services().uploads, key="label-uploads", call="Drop a file of labels here")
    if not waiting:
        st.caption(
            "TIFF, MRC, Amira, Zarr, NPY or HDF5 of the tomogram’s shape, or a folder of X.tif and X.labels.tif."
        )
        return
    names = {state.upload.id: state.upload.name for state in waiting}
    chosen = st.selectbox(
        "Arrived",
        list(names),
        format_func=lambda each: names[each],
        key=f"label-import-file-{waiting[0].upload.id}",  # what arrives last is chosen
    )
    path = services().uploads.source_path(chosen)
    is_pairs = path.is_dir() and any(PAIR_LABELS.fullmatch(each.name) for each in path.iterdir())
    overlap = st.radio("Where something is labelled", (KEEP, REPLACE), key="label-import-overlap")
    values = None if is_pairs else _choose_values(session, path, chosen)
    pair_value = _choose_class(session) if is_pairs else None
    bring, discard = st.columns(2)
    if discard.button("Discard", key="label-import-discard", width="stretch"):
        services().uploads.remove(chosen)
        st.rerun()
    bring.button(
        "Bring in",
        key="label-import",
        type="primary",
        width="stretch",
        disabled=not is_pairs and values is None,
        on_click=_import,
        args=(session.tomogram.id, path, values, pair_value, overlap == REPLACE),
    )


def _choose_class(session: LabelSession) -> int:
    names = {each.value: each.name for each in session.labels.classes}
    return st.selectbox(
        "The structure is", list(names), format_func=names.__getitem__, key="label-import-class"
    )


def _choose_values(session: LabelSession, path: Path, upload_id: str) -> dict[int, int] | None:
    """Draw what each value of the file becomes; None while that is not known."""
    known = st.session_state.get(_counts_key(upload_id))
    if known is None:
        st.button(
            "Look into the file",
            key="label-import-look",
            on_click=_look,
            args=(path, upload_id, session.tomogram.shape),
        )
        return None
    if isinstance(known, str):
        st.error(escape_markdown(known))
        return None
    if len(known) > MAX_VALUES:
        st.error(
            f"The file holds {count(len(known), 'value')}; labels have at most {MAX_VALUES}. "
            "It looks like grey values."
        )
        return None
    return _draw_meanings(session, known, upload_id)


def _draw_meanings(session: LabelSession, known: dict[int, int], upload_id: str) -> dict[int, int] | None:
    """Draw a choice for each value of the file; None while one of them means nothing yet."""
    meanings = {0: "background", 255: "unlabelled"}
    meanings |= {each.value: each.name for each in session.labels.classes}
    is_mask = set(known) == MASK_VALUES
    if is_mask:
        st.caption("A mask of one structure, 0 and 255: say which class 255 is.")
    chosen: dict[int, int] = {}
    for value, n_voxels in known.items():
        found = st.selectbox(
            f"Value {value} ({count(n_voxels, 'voxel')}) is",
            list(meanings),
            index=list(meanings).index(value) if value in meanings and not (is_mask and value) else None,
            format_func=meanings.__getitem__,
            placeholder="choose what it is",
            key=f"label-import-{upload_id}-{value}",
        )
        if found is not None:
            chosen[value] = found
    unknown = [value for value in known if value not in chosen]
    if unknown and not is_mask:
        shown = ", ".join(str(value) for value in unknown)
        st.warning(f"No class has the value {shown}. Say what it is, or add the class first.")
    return None if unknown else chosen


def _look(path: Path, upload_id: str, shape: tuple[int, int, int]) -> None:
    from sxt.errors import SxtError
    from sxt.labels import count_values

    try:
        st.session_state[_counts_key(upload_id)] = count_values(path, shape=shape)
    except SxtError as error:
        st.session_state[_counts_key(upload_id)] = str(error)


def _import(
    tomogram_id: str, path: Path, values: dict[int, int] | None, pair_value: int | None, replaces: bool
) -> None:
    from sxt.jobs.kinds.import_labels import ImportLabelsSettings

    settings = ImportLabelsSettings(
        tomogram_id=tomogram_id,
        source=path,
        values=values,
        pair_value=pair_value,
        overlap="replace" if replaces else "keep",
        removes_upload=True,
    )
    submit_job("import-labels", settings, page=PAGE)


def _counts_key(upload_id: str) -> str:
    return f"label-import-counts-{upload_id}"
