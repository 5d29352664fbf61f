"""A model version as the Models page shows it."""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

from sxt.errors import InputError
from sxt.ui.access.user import current_user
from sxt.ui.errors import errors_shown, show_error
from sxt.ui.format import count, file_size, number
from sxt.ui.models.card_html import CLASS, STYLE, card_html, swatch
from sxt.ui.models.catalogue import (
    delete_version,
    is_shipped,
    list_deleted,
    list_uses,
    make_default,
)
from sxt.ui.models.curves import draw_curves, read_curves
from sxt.ui.models.note import draw_note, edit_note, read_note
from sxt.ui.selection import select
from sxt.ui.services import base_path, services
from sxt.ui.shell import has_page, page_file
from sxt.ui.text import escape_markdown
from sxt.workspace import TrashManifest

if TYPE_CHECKING:
    from sxt.models import ModelSummary

MOST_USES = 20
PICTURE_CAPTION = "What it makes of slices that it was not trained on."
MILLION = 1e6


def summarise(version: "ModelSummary") -> str:
    """Return the line under a version in the list: classes, parameters, pixel size, Dice."""
    config = version.config
    assert config is not None, "a sound version has a configuration"
    parts = ["default"] if version.is_default else []
    parts += [
        ", ".join(each.name for each in config.classes),
        f"{number(version.n_parameters / MILLION)} M parameters",
        "any pixel size" if config.pixel_size_nm is None else f"{config.pixel_size_nm:g} nm",
    ]
    if "dice" in config.metrics:
        parts.append(f"Dice {config.metrics['dice']:.3f}")
    return " · ".join(parts)


def draw_version(version: "ModelSummary") -> None:
    """Draw a sound version: what it is, its card, its training, where it is used, and what can be done with it."""
    workspace = services().workspace
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(escape_markdown(version.spec), anchor=False, width="content")
        if version.is_default:
            st.badge("default", color="blue")
        st.badge("shipped" if is_shipped(workspace, version) else "of this workspace", color="gray")
    with errors_shown():
        draw_note(read_note(version))
    _draw_actions(version)
    text = _read_card(version)
    st.html(STYLE + _facts(version, text))
    card, training, uses = st.tabs(["Card", "Training", "Used by"])
    with card:
        st.html(card_html(text))
        picture = version.path / "picture.png"
        if picture.is_file():
            st.image(picture, caption=PICTURE_CAPTION)
    with training:
        _draw_training(version)
    with uses:
        _draw_uses(version)


def draw_damaged(version: "ModelSummary") -> None:
    """Draw a version that cannot be used, with the reason."""
    with st.container(border=True):
        st.markdown(f"**{escape_markdown(version.spec)}**")
        st.error(escape_markdown(version.fault))
        if not is_shipped(services().workspace, version):
            _draw_delete(version)


def draw_trash() -> None:
    """Draw the versions in the trash, to be restored."""
    for entry in list_deleted(services().workspace):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(escape_markdown(entry.name), width="stretch")
            st.button("Restore", key=f"sxt-model-restore-{entry.id}", on_click=_restore, args=(entry,))


def _draw_actions(version: "ModelSummary") -> None:
    name, spec = f"{version.name}-{version.version}.zip", version.spec
    address = f"{base_path()}/api/models/{quote(version.name)}/{quote(version.version)}.zip"
    with st.container(horizontal=True):
        if has_page("segment") and st.button("Segment with it", type="primary", key="sxt-model-segment"):
            select(model=spec)
            st.switch_page(page_file("segment"))
        if not version.is_default:
            st.button("Make default", key="sxt-model-default", on_click=_make_default, args=(spec,))
        with errors_shown():
            edit_note(version, read_note(version), key="sxt-model-note")
        st.link_button("Export as ZIP", address, help=f"{name}, {file_size(version.size_bytes)}")
        if not is_shipped(services().workspace, version):
            _draw_delete(version)


def _draw_delete(version: "ModelSummary") -> None:
    with st.popover("Delete", key=f"sxt-model-delete-{version.spec}"):
        st.write("It goes to the trash, from which it can be restored. What was made with it stays.")
        st.button(
            f"Delete {escape_markdown(version.spec)}",
            key=f"sxt-model-delete-now-{version.spec}",
            on_click=_delete,
            args=(version.spec,),
        )


def _facts(version: "ModelSummary", card: str) -> str:
    """Return the facts that matter when a version is chosen, as HTML; the description where the card lacks it."""
    config = version.config
    assert config is not None, "a sound version has a configuration"
    classes = ", ".join(f"{swatch(each.colour)}{escape(each.name)}" for each in config.classes)
    pixel_size = (
        "unknown, so nothing is rescaled" if config.pixel_size_nm is None else f"{config.pixel_size_nm:g} nm"
    )
    rows = [
        ("classes", classes),
        ("pixel size of the training data", pixel_size),
        ("parameters", f"{count(version.n_parameters)}, {file_size(version.size_bytes)} on the disk"),
        ("SHA-256 of the weights", f"<code>{escape(config.weights_sha256)}</code>"),
    ]
    if "dice" in config.metrics:
        rows.insert(2, ("Dice on data it was not trained on", number(config.metrics["dice"])))
    if config.parent:
        rows.insert(2, ("started from", escape(config.parent)))
    lines = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    about = "" if config.description in card else f"<p>{escape(config.description)}</p>"
    return f'<div class="{CLASS}">{about}<table><tbody>{lines}</tbody></table></div>'


def _read_card(version: "ModelSummary") -> str:
    """Return the card that came with a version, or one made of its configuration."""
    from sxt.models import render_card

    path = version.path / "card.md"
    if path.is_file():
        return path.read_text(encoding="utf-8", errors="replace")
    assert version.config is not None, "a sound version has a configuration"
    return render_card(version.config)


def _draw_training(version: "ModelSummary") -> None:
    path = version.path / "curves.csv"
    if not path.is_file():
        st.caption("No training curves came with this version.")
        return
    try:
        draw_curves(read_curves(path), key=f"sxt-model-curves-{version.spec}")
    except InputError as error:
        show_error(error)


def _draw_uses(version: "ModelSummary") -> None:
    uses = list_uses(services().workspace, version)
    if not uses:
        st.caption("No segmentation of this workspace was made with it.")
        return
    st.caption(f"{count(len(uses), 'segmentation')} of this workspace.")
    for item_id, name in uses[:MOST_USES]:
        if has_page("viewer"):
            st.page_link(
                page_file("viewer"), label=escape_markdown(name), query_params={"segmentation": item_id}
            )
        else:
            st.write(escape_markdown(name))


def _make_default(spec: str) -> None:
    with errors_shown():
        make_default(services().workspace, spec, by=current_user())


def _delete(spec: str) -> None:
    with errors_shown():
        delete_version(services(), spec, by=current_user())


def _restore(entry: TrashManifest) -> None:
    with errors_shown():
        services().workspace.restore(entry.id, by=current_user())
        select(model=entry.item_id)
