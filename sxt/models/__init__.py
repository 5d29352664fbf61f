"""The registry of model versions: their configuration and card, loading with a hash check, saving."""

from sxt.models.card import render_card
from sxt.models.config import CLASS_COLOURS, ModelClass, ModelConfig, Normalisation
from sxt.models.default import write_default
from sxt.models.familiarity import Familiarity
from sxt.models.packing import install_keras_weights, install_package, install_weights, pack_model
from sxt.models.registry import (
    DEFAULT_MODEL,
    SHIPPED_ROOT,
    Model,
    ModelSummary,
    default_model,
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
    "Familiarity",
    "Model",
    "ModelClass",
    "ModelConfig",
    "ModelSummary",
    "Normalisation",
    "default_model",
    "find_model",
    "install_keras_weights",
    "install_package",
    "install_weights",
    "list_models",
    "load_model",
    "next_version",
    "pack_model",
    "parse_spec",
    "render_card",
    "save_model",
    "write_default",
]
