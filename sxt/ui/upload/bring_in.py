"""The upload page's controls: where a tomogram comes from, what is doubtful about it, and bringing it in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from sxt.jobs.kinds.bring_in import ImportSettings
from sxt.jobs.kinds.demo import DemoSettings
from sxt.ui import format as fmt
from sxt.ui.job_progress import submit_job, take_finished
from sxt.ui.selection import select
from sxt.ui.services import services
from sxt.ui.shell import primary_button
from sxt.ui.text import escape_markdown
from sxt.ui.tomograms import draw_doubts, draw_facts, voxel_size_fields
from sxt.ui.tomograms.settle import choose_absorbing
from sxt.ui.upload.component import upload_files
from sxt.ui.upload.folder_browser import CHOSEN_KEY, browse
from sxt.ui.upload.look import FileLook, look_at_file
from sxt.workspace.manifests import MAX_NAME_LENGTH

KINDS = ("import", "demo")
PAGE = "upload"
FROM_HERE, FROM_SERVER, SIMULATED = "This computer", "The server", "Simulated cell"
NO_VOXEL_SIZE = (
    "The voxel size is not known. Unless it is given above, lengths and volumes are in pixels and voxels."
)


@dataclass(frozen=True)
class Source:
    """A file or folder to bring in.

    Parameters
    ----------
    path : Path
    name : str
        As its owner calls it.
    size_bytes : int or None
    upload_id : str
        Empty where it lies in a data folder of the server.
    """

    path: Path
    name: str
    size_bytes: int | None
    upload_id: str = ""


def select_what_came_in() -> None:
    """Select the tomogram of a job that is done, once."""
    for job in take_finished(PAGE):
        select(tomogram=job.manifest.results[0], segmentation=None)
        if job.manifest.note:
            st.toast(escape_markdown(job.manifest.note))
        st.rerun()


def choose_source() -> Source | None:
    """Draw the ways in, and return the file to look at; None where there is none."""
    ways = [FROM_HERE, *([FROM_SERVER] if services().settings.data_dirs else []), SIMULATED]
    way = st.segmented_control(
        "From", ways, default=FROM_HERE, key="from", required=True, bind="query-params"
    )
    if way == SIMULATED:
        _offer_demo()
        return None
    if way == FROM_SERVER:
        path = browse(services().settings.data_dirs)
        return None if path is None else Source(path, path.name, _size_of(path))
    return _choose_upload()


def settle_and_bring_in(source: Source) -> None:
    """Draw what a file holds with controls for what is doubtful, and the button that brings it in."""
    st.subheader(escape_markdown(source.name), anchor=False)
    first = _look(str(source.path), source.path.stat().st_mtime_ns, None)
    dataset = None
    if first.datasets:
        dataset = _choose_dataset(first)
        if dataset is None:
            return
    look = first if dataset is None else _look(str(source.path), source.path.stat().st_mtime_ns, dataset)
    assert look.shape is not None, "a dataset was chosen"
    picture, facts = st.columns([3, 2])
    with picture:
        st.image(look.preview_png, caption=f"Slice {look.shape[0] // 2} of {fmt.count(look.shape[0])}")
    with facts:
        draw_facts(_facts(source, look))
        key = f"upload-{source.path}-{dataset}"
        name = st.text_input(
            "Name", Path(source.name).stem or source.name, max_chars=MAX_NAME_LENGTH, key=f"{key}-name"
        )
        size = voxel_size_fields(look.voxel_size_nm, key=f"{key}-voxel")
        absorbing = choose_absorbing(key=f"{key}-absorbing")
    draw_doubts(look.doubts if size is not None else (NO_VOXEL_SIZE, *look.doubts))
    is_settled = True
    if look.questions:
        draw_doubts(look.questions, heading="Is this a tomogram?")
        is_settled = st.checkbox(
            "It is a reconstructed volume whose slices run along z", key=f"{key}-settled"
        )
    if not look.is_whole:
        st.caption("Some slices were looked at; the rest is checked while it is brought in.")
    pressed = primary_button(
        "Bring in the tomogram",
        key=f"{key}-go",
        disabled=not (is_settled and name.strip()),
        reason="" if is_settled else "Say first that it is a tomogram.",
    )
    if pressed:
        settings = ImportSettings(
            source=source.path,
            name=name,
            dataset=dataset,
            voxel_size_nm=size,
            absorbing_is=absorbing,
            removes_upload=bool(source.upload_id),
        )
        _submit("import", settings)


def _size_of(path: Path) -> int | None:
    """Return the bytes of a file; None for a folder."""
    return path.stat().st_size if path.is_file() else None


def _submit(kind: Literal["import", "demo"], settings: ImportSettings | DemoSettings) -> None:
    submit_job(kind, settings, page=PAGE)
    st.session_state.pop(CHOSEN_KEY, None)
    st.rerun()


def _offer_demo() -> None:
    st.write(
        "A small simulated cell with organelles, imaged and reconstructed as a microscope does. Half of its slices are "
        "labelled, so that training and metrics can be tried too."
    )
    if primary_button("Simulate a cell", key="upload-demo"):
        _submit("demo", DemoSettings())


def _choose_upload() -> Source | None:
    """Draw the upload control; return the upload to look at that no job brings in already."""
    complete = upload_files(services().uploads)
    taken = {
        str(job.manifest.settings.get("source", ""))
        for job in services().jobs.list({"queued", "running"})
        if job.manifest.kind == "import"
    }
    waiting = []
    for state in complete:
        path = services().uploads.source_path(state.upload.id)
        if str(path) not in taken:
            waiting.append(Source(path, state.upload.name, state.upload.size, state.upload.id))
    if not waiting:
        return None
    by_id = {each.upload_id: each for each in waiting}
    chosen = next(iter(by_id))
    if len(waiting) > 1:
        chosen = st.radio(
            "Arrived, not brought in yet",
            list(by_id),
            format_func=lambda upload_id: escape_markdown(by_id[upload_id].name),
            key="upload-arrived",
        )
    st.button(
        "Discard this upload",
        key=f"upload-discard-{chosen}",
        on_click=services().uploads.remove,
        args=(chosen,),
    )
    return by_id[chosen]


def _choose_dataset(look: FileLook) -> str | None:
    """Draw the choice among the volumes of a file."""
    labels = {each.name: f"{each.name} ({fmt.shape(each.shape)}, {each.dtype})" for each in look.datasets}
    if len(labels) == 1 and look.shape is not None:
        return next(iter(labels))
    return st.selectbox(
        f"The file holds {len(labels)} volumes; which one is the tomogram?",
        list(labels),
        index=None if look.shape is None else 0,
        format_func=lambda name: labels[name],
        key="upload-dataset",
    )


def _facts(source: Source, look: FileLook) -> list[tuple[str, str]]:
    assert look.shape is not None
    size = [] if source.size_bytes is None else [("File", fmt.file_size(source.size_bytes))]
    return [
        ("Format", look.format_name),
        ("Size (z, y, x)", f"{fmt.shape(look.shape)} voxels"),
        ("Grey values", look.dtype),
        *size,
    ]


@st.cache_data(max_entries=32, show_spinner="Looking at the file")
def _look(path: str, _changed_ns: int, dataset: str | None) -> FileLook:
    return look_at_file(Path(path), dataset)
