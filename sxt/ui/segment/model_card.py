"""A model version in a few lines, for the page that uses it."""

import streamlit as st

from sxt.models.config import ModelConfig
from sxt.ui.services import services
from sxt.ui.text import escape_markdown


def draw_model_summary(spec: str) -> None:
    """Draw what a model version finds, what it was trained for, and how good it was; its limits below a fold."""
    from sxt.models import SHIPPED_ROOT, list_models

    found = {each.spec: each for each in list_models((services().workspace.models_root, SHIPPED_ROOT))}
    summary = found.get(spec)
    if summary is None or summary.config is None:
        st.warning(
            f"The model version {escape_markdown(spec)} is not there any more; choose another in the bar above."
        )
        return
    config = summary.config
    with st.container(border=True):
        st.markdown(f"**{escape_markdown(spec)}**  \n{escape_markdown(config.description)}")
        st.html(_class_chips(config))
        st.caption(_facts(config, summary.n_parameters))
        if config.limits:
            with st.expander("What it does not do well"):
                for limit in config.limits:
                    st.markdown(f"- {escape_markdown(limit)}")


def _facts(config: ModelConfig, n_parameters: int) -> str:
    size = "any pixel size" if config.pixel_size_nm is None else f"{config.pixel_size_nm:g} nm pixels"
    facts = [f"trained on {size}", f"{n_parameters / 1e6:.1f} M parameters"]
    if "dice" in config.metrics:
        facts.append(f"Dice {config.metrics['dice']:.2f} on data it never saw")
    return escape_markdown(" · ".join(facts))


def _class_chips(config: ModelConfig) -> str:
    from html import escape

    chips = (
        f'<span style="display:inline-flex;align-items:center;gap:.35rem;margin-right:.9rem">'
        f'<span style="width:.8rem;height:.8rem;border-radius:3px;background:{escape(each.colour)}"></span>'
        f"{escape(each.name)}</span>"
        for each in config.classes
    )
    return f"<div style='font-size:.9rem'>{''.join(chips)}</div>"
