"""The registry of model versions: their configuration and card, loading with a hash check, saving."""

from sxt.models.card import render_card
from sxt.models.config import CLASS_COLOURS, ModelClass, ModelConfig, Normalisation
from sxt.models.registry import (
    DEFAULT_MODEL,
    SHIPPED_ROOT,
    Model,
    ModelSummary,
    find_model,
    list_models,
    load_model,
    next_version,
    save_model,
)
from sxt.models.spec import parse_spec

__all__ = [
    "CLASS_COLOURS",
    "DEFAULT_MODEL",
    "SHIPPED_ROOT",
    "Model",
    "ModelClass",
    "ModelConfig",
    "ModelSummary",
    "Normalisation",
    "find_model",
    "list_models",
    "load_model",
    "next_version",
    "parse_spec",
    "render_card",
    "save_model",
]
