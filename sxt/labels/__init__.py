"""Labels of a tomogram: stored stroke by stroke, edited with assistance, proposed by models, and suggested.

Edits of a slice are pure functions in `sxt.labels.tools`; `LabelSet` stores what they make. The public names are
imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sxt.labels.agreement import Agreement, compare_range, compare_slices, find_differences
    from sxt.labels.calibration import Calibration, calibrate
    from sxt.labels.classes import ClassList, LabelClass
    from sxt.labels.confidence import ConfidenceThresholds, SureLabels, label_where_sure
    from sxt.labels.exporting import export_pairs, export_volume
    from sxt.labels.holdout import HoldOutError
    from sxt.labels.importing import count_values, find_pairs, import_pairs, import_volume
    from sxt.labels.label_set import LabelSet, Saved
    from sxt.labels.ledger import LedgerEntry
    from sxt.labels.operations import copy_slice, interpolate_between, undo_group
    from sxt.labels.proposing import calibrate_on_labels, propose_labels
    from sxt.labels.pseudo import PseudoLabels, ReviewItem
    from sxt.labels.rounds import PseudoSlice, RoundInfo
    from sxt.labels.slice_locks import SliceHeldError, SliceHold, SliceLocks
    from sxt.labels.slice_table import SliceSummary, list_labelled_slices
    from sxt.labels.suggest import (
        Region,
        Suggestion,
        compare_versions,
        disagreement_between,
        disagreement_of,
        find_regions,
        predict_turned,
        rank_slices,
        score_slices,
        stream_scores,
    )
    from sxt.labels.training import MergedSlice, TrainingSlice, TrainingView, training_view
    from sxt.labels.values import BACKGROUND, UNLABELLED, Plane, SliceKey

_MODULES = {
    "agreement": ("Agreement", "compare_range", "compare_slices", "find_differences"),
    "calibration": ("Calibration", "calibrate"),
    "classes": ("ClassList", "LabelClass"),
    "confidence": ("ConfidenceThresholds", "SureLabels", "label_where_sure"),
    "exporting": ("export_pairs", "export_volume"),
    "holdout": ("HoldOutError",),
    "importing": ("count_values", "find_pairs", "import_pairs", "import_volume"),
    "label_set": ("LabelSet", "Saved"),
    "ledger": ("LedgerEntry",),
    "operations": ("copy_slice", "interpolate_between", "undo_group"),
    "proposing": ("calibrate_on_labels", "propose_labels"),
    "pseudo": ("PseudoLabels", "ReviewItem"),
    "rounds": ("PseudoSlice", "RoundInfo"),
    "slice_locks": ("SliceHeldError", "SliceHold", "SliceLocks"),
    "slice_table": ("SliceSummary", "list_labelled_slices"),
    "suggest": (
        "Region",
        "Suggestion",
        "compare_versions",
        "disagreement_between",
        "disagreement_of",
        "find_regions",
        "predict_turned",
        "rank_slices",
        "score_slices",
        "stream_scores",
    ),
    "training": ("MergedSlice", "TrainingSlice", "TrainingView", "training_view"),
    "values": ("BACKGROUND", "UNLABELLED", "Plane", "SliceKey"),
}
"""The public names of each module."""

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BACKGROUND",
    "UNLABELLED",
    "Agreement",
    "Calibration",
    "ClassList",
    "ConfidenceThresholds",
    "HoldOutError",
    "LabelClass",
    "LabelSet",
    "LedgerEntry",
    "MergedSlice",
    "Plane",
    "PseudoLabels",
    "PseudoSlice",
    "Region",
    "ReviewItem",
    "RoundInfo",
    "Saved",
    "SliceHeldError",
    "SliceHold",
    "SliceKey",
    "SliceLocks",
    "SliceSummary",
    "Suggestion",
    "SureLabels",
    "TrainingSlice",
    "TrainingView",
    "calibrate",
    "calibrate_on_labels",
    "compare_range",
    "compare_slices",
    "compare_versions",
    "copy_slice",
    "count_values",
    "disagreement_between",
    "disagreement_of",
    "export_pairs",
    "export_volume",
    "find_differences",
    "find_pairs",
    "find_regions",
    "import_pairs",
    "import_volume",
    "interpolate_between",
    "label_where_sure",
    "list_labelled_slices",
    "predict_turned",
    "propose_labels",
    "rank_slices",
    "score_slices",
    "stream_scores",
    "training_view",
    "undo_group",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sxt.labels' has no attribute {name!r}")
    return getattr(import_module(f"sxt.labels.{_MODULE_OF[name]}"), name)
