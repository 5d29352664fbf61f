"""Model versions that were uploaded, and the forms that import them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from sxt.errors import InputError, SxtError
from sxt.ui.access.user import current_user
from sxt.ui.errors import show_error
from sxt.ui.format import file_size
from sxt.ui.models.catalogue import MODEL_KIND
from sxt.ui.routes.uploads import MODEL_API_PATH
from sxt.ui.selection import select
from sxt.ui.services import Services, services
from sxt.ui.text import escape_markdown
from sxt.ui.upload.component import upload_files
from sxt.workspace.disk import check_space

FileKind = Literal["package", "keras", "weights", "configuration", "unknown"]

SAID_KEY = "sxt-model-said"
ZIP_MARK, HDF5_MARK, JSON_MARK = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"{"
LENGTH_BYTES = 8
"""Safetensors begin with the length of their header, which is JSON."""

ROOM = 3
"""What is asked for on the disk, in sizes of what was uploaded: unpacked, checked and kept."""

PUBLISHED = "as published (base width 64)"
UNKNOWN_PIXEL_NM = 0.0


@dataclass(frozen=True)
class Arrived:
    """A file that was uploaded: its id, the name it came with, where it lies, and what it is by its content."""

    upload_id: str
    name: str
    path: Path
    size: int
    kind: FileKind


def draw_import() -> None:
    """Draw the control that takes files, and a form for each that has arrived."""
    st.caption(
        "A ZIP exported by this program; safetensors with their config.json; or the Keras weights (.h5) of the "
        "published network. Everything is checked before it appears, and nothing in it is run."
    )
    upload_files(
        services().model_uploads,
        key="sxt-model-uploads",
        api_path=MODEL_API_PATH,
        call="Drop a model version here",
        takes_folders=False,
    )
    arrived = list_arrived(services())
    configurations = [each for each in arrived if each.kind == "configuration"]
    for each in arrived:
        with st.container(border=True, key=f"sxt-model-arrived-{each.upload_id}"):
            st.markdown(f"**{escape_markdown(each.name)}**  \n:gray[{file_size(each.size)}]")
            _draw_form(each, configurations)


def list_arrived(opened: Services) -> list[Arrived]:
    """Return the files that wait to be imported, newest first."""
    store = opened.model_uploads
    found = []
    for state in store.list_states():
        if not state.is_complete or state.upload.is_folder:
            continue
        path = store.source_path(state.upload.id)
        found.append(Arrived(state.upload.id, state.upload.name, path, state.upload.size, recognise(path)))
    return found


def recognise(path: Path) -> FileKind:
    """Return what a file is by its first bytes."""
    with path.open("rb") as stream:
        head = stream.read(LENGTH_BYTES + 1)
    if head.startswith(ZIP_MARK):
        return "package"
    if head.startswith(HDF5_MARK):
        return "keras"
    if head.lstrip()[:1] == JSON_MARK:
        return "configuration"
    return "weights" if head[LENGTH_BYTES:] == JSON_MARK else "unknown"


def import_package(opened: Services, package: Arrived, *, by: str) -> str:
    """Import a ZIP; return ``name:version``."""
    from sxt.models import SHIPPED_ROOT, install_package

    root = opened.workspace.models_root
    _check_room(opened, package)
    return _record(opened, install_package(package.path, root, beside=SHIPPED_ROOT), package, by=by)


def import_weights(opened: Services, weights: Arrived, configuration: Arrived, *, by: str) -> str:
    """Import safetensors with their configuration; return ``name:version``."""
    from sxt.models import SHIPPED_ROOT, install_weights

    root = opened.workspace.models_root
    _check_room(opened, weights)
    folder = install_weights(weights.path, configuration.path, root, beside=SHIPPED_ROOT)
    return _record(opened, folder, weights, by=by)


def import_keras(
    opened: Services,
    weights: Arrived,
    configuration: Arrived | None,
    *,
    name: str,
    class_name: str,
    pixel_size_nm: float | None,
    by: str,
) -> str:
    """Import published Keras weights; return ``name:version``. Without a configuration it is the published one."""
    from sxt.models import SHIPPED_ROOT, install_keras_weights
    from sxt.network import NetworkConfig

    _check_room(opened, weights)
    network = NetworkConfig() if configuration is None else NetworkConfig.from_json(_read_json(configuration))
    folder = install_keras_weights(
        weights.path,
        network,
        opened.workspace.models_root,
        name=name.strip(),
        beside=SHIPPED_ROOT,
        class_name=class_name.strip(),
        pixel_size_nm=pixel_size_nm,
    )
    return _record(opened, folder, weights, by=by)


def _draw_form(arrived: Arrived, configurations: Sequence[Arrived]) -> None:
    if arrived.kind == "package":
        _draw_button(arrived, lambda: import_package(services(), arrived, by=current_user()))
    elif arrived.kind == "weights":
        _draw_weights_form(arrived, configurations)
    elif arrived.kind == "keras":
        _draw_keras_form(arrived, configurations)
    elif arrived.kind == "configuration":
        st.caption("A configuration; it is used by the weights that were uploaded with it.")
    else:
        st.error("This is neither a ZIP nor safetensors, a configuration or Keras weights.")
    st.button("Discard", key=f"sxt-discard-{arrived.upload_id}", on_click=_discard, args=(arrived.upload_id,))


def _draw_weights_form(weights: Arrived, configurations: Sequence[Arrived]) -> None:
    if not configurations:
        st.caption("Upload the config.json of these weights too.")
        return
    chosen = _choose_configuration(weights, configurations)
    _draw_button(
        weights,
        lambda: import_weights(services(), weights, chosen, by=current_user()),
        also=(chosen.upload_id,),
    )


def _draw_keras_form(weights: Arrived, configurations: Sequence[Arrived]) -> None:
    key = f"sxt-keras-{weights.upload_id}"
    name = st.text_input("Name of the model", value="published", key=f"{key}-name")
    class_name = st.text_input("What its foreground is", value="membrane", key=f"{key}-class")
    pixel_nm = st.number_input(
        "Pixel size of its training data, nm (0: unknown)",
        min_value=0.0,
        value=UNKNOWN_PIXEL_NM,
        key=f"{key}-pixel",
    )
    by_id = {each.upload_id: each for each in configurations}
    chosen = st.selectbox(
        "Network",
        [PUBLISHED, *by_id],
        format_func=lambda each: by_id[each].name if each in by_id else each,
        help="Upload a JSON file with its sizes where it was trained with others.",
        key=f"{key}-network",
    )
    network = by_id.get(chosen)
    _draw_button(
        weights,
        lambda: import_keras(
            services(),
            weights,
            network,
            name=name,
            class_name=class_name,
            pixel_size_nm=pixel_nm or None,
            by=current_user(),
        ),
        also=() if network is None else (network.upload_id,),
    )


def _choose_configuration(weights: Arrived, configurations: Sequence[Arrived]) -> Arrived:
    if len(configurations) == 1:
        return configurations[0]
    return st.selectbox(
        "Configuration",
        configurations,
        format_func=lambda each: each.name,
        key=f"sxt-configuration-{weights.upload_id}",
    )


def _draw_button(arrived: Arrived, run: Callable[[], str], *, also: Sequence[str] = ()) -> None:
    """Draw the button that imports; afterwards the uploads are gone and the version is selected."""
    key = f"sxt-import-{arrived.upload_id}"
    if not st.button(f"Import {escape_markdown(arrived.name)}", type="primary", key=key, width="stretch"):
        return
    try:
        with st.spinner("Checking the weights"):
            spec = run()
    except SxtError as error:
        show_error(error)
        return
    for upload_id in (arrived.upload_id, *also):
        _discard(upload_id)
    st.session_state[SAID_KEY] = f"{spec} is imported."
    select(model=spec)
    st.rerun()


def _discard(upload_id: str) -> None:
    services().model_uploads.remove(upload_id)


def _check_room(opened: Services, arrived: Arrived) -> None:
    check_space(opened.workspace.root, ROOM * arrived.size, what=arrived.name)


def _record(opened: Services, folder: Path, arrived: Arrived, *, by: str) -> str:
    spec = f"{folder.parent.name}:{folder.name}"
    opened.workspace.activity.add(
        "imported", by=by, kind=MODEL_KIND, item_id=spec, name=spec, detail=arrived.name
    )
    return spec


def _read_json(configuration: Arrived) -> dict[str, object]:
    import json

    try:
        values = json.loads(configuration.path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{configuration.name} is not JSON ({error}); give the configuration.") from error
    if not isinstance(values, dict):
        raise InputError(f"{configuration.name} holds no network configuration; it must be a JSON object.")
    return values
