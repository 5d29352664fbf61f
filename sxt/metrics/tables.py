"""The numbers of a study as rows, for CSV files and for pages."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sxt.files import write_text_atomically
from sxt.metrics.evaluation import ClassEvaluation, Evaluation
from sxt.metrics.objects import ObjectTable
from sxt.metrics.scores import SCORE_NAMES, score_all
from sxt.metrics.study import Study

Row = dict[str, Any]


def list_scores(study: Study) -> list[Row]:
    """Return one row for each version, tomogram and class, with every score there is of it."""
    return [
        {"version": version, "tomogram": tomogram, "class": each.name.name, **row_of_class(evaluation, each)}
        for version, tomogram, evaluation in _evaluations(study)
        for each in evaluation.classes
    ]


def row_of_class(evaluation: Evaluation, measured: ClassEvaluation) -> Row:
    """Return every score of one class of one evaluation by its name."""
    counts = evaluation.counts(measured.name.value)
    pooled = counts.pooled()
    row: Row = {"slices": int(np.sum(counts.total > 0)), **score_all(counts)}
    row |= {kind: int(getattr(pooled, kind)) for kind in ("tp", "fp", "fn", "tn")}
    if measured.surface is not None:
        s = measured.surface
        row |= {"surface_dice": s.surface_dice, "tolerance": s.tolerance, "hausdorff_95": s.hausdorff_95}
        row |= {"mean_surface_distance": s.mean_distance, "distance_unit": s.unit}
    if measured.centreline is not None:
        c = measured.centreline
        row |= {"centreline_dice": c.dice, "centreline_precision": c.precision, "centreline_recall": c.recall}
    if measured.objects is not None:
        row |= _row_of_objects(measured)
    if measured.curves is not None and measured.calibration is not None:
        row |= {"average_precision": measured.curves.average_precision, "roc_auc": measured.curves.roc_auc}
        row |= {"best_threshold": measured.curves.best_threshold, "best_dice": measured.curves.best_dice}
        row |= {"calibration_error": measured.calibration.expected_error, "brier": measured.calibration.brier}
    if measured.paper is not None:
        p = measured.paper
        row |= {"paper_accuracy": p.accuracy, "paper_precision": p.precision, "paper_recall": p.recall}
        row |= {"paper_f1": p.f1, "paper_ambiguous_share": p.ambiguous_share}
    if measured.wedge is not None:
        row |= {
            "well_seen_recall": measured.wedge.well_seen_recall,
            "wedge_lost_share": measured.wedge.lost_share,
        }
    return row


def list_slices(study: Study) -> list[Row]:
    """Return one row for each version, tomogram, class and labelled slice."""
    rows = []
    for version, tomogram, evaluation in _evaluations(study):
        for each in evaluation.classes:
            counts = evaluation.counts(each.name.value)
            scores = evaluation.confusion.per_slice(each.name.value)
            head = {"version": version, "tomogram": tomogram, "class": each.name.name}
            rows += [
                head
                | {"slice": int(evaluation.slices[z])}
                | {kind: int(getattr(counts, kind)[z]) for kind in ("tp", "fp", "fn", "tn")}
                | {name: float(scores[name][z]) for name in SCORE_NAMES}
                for z in np.flatnonzero(counts.total > 0)
            ]
    return rows


def list_objects(study: Study) -> list[Row]:
    """Return one row for each object: found or missed of the truth, wrong of the prediction."""
    rows = []
    for version, tomogram, evaluation in _evaluations(study):
        for each in evaluation.classes:
            if each.objects is not None:
                head = {"version": version, "tomogram": tomogram, "class": each.name.name}
                first = int(evaluation.slices[0])
                rows += [head | row for row in _rows_of_table(each.objects.truth, ("found", "missed"), first)]
                wrong = _rows_of_table(each.objects.prediction, ("", "wrong"), first)
                rows += [head | row for row in wrong if row["state"]]
    return rows


def list_comparisons(study: Study) -> list[Row]:
    """Return one row for each class, score and version, with intervals, p and verdict."""
    names = {each.value: each.name for each in study.classes}
    return [
        {
            "class": names[comparison.class_value],
            "score": each.score,
            "version": each.version,
            "baseline": comparison.baseline,
            "value": each.value.value,
            "low": each.value.low,
            "high": each.value.high,
            "difference": each.difference.value,
            "difference_low": each.difference.low,
            "difference_high": each.difference.high,
            "p": each.p,
            "p_adjusted": each.p_adjusted,
            "verdict": each.verdict,
            "units": comparison.n_units,
            "unit": comparison.unit,
        }
        for comparison in study.comparisons
        for each in comparison.scores
    ]


def list_changes(study: Study) -> list[Row]:
    """Return one row for each version, tomogram and class: what it fixed and broke against the baseline."""
    names = {each.value: each.name for each in study.classes}
    rows = []
    for each in study.changes:
        row: Row = {"version": each.version, "tomogram": each.tomogram, "class": names[each.class_value]}
        voxels, objects = each.voxels, each.objects
        kinds = ("fixed", "broken", "still_wrong", "right")
        row |= {f"voxels_{kind}": int(getattr(voxels, kind).sum()) for kind in kinds}
        if objects is not None:
            row |= {f"objects_{kind}": getattr(objects, kind) for kind in kinds}
            row |= {f"wrong_objects_{kind}": getattr(objects, kind) for kind in ("removed", "added", "kept")}
        rows.append(row)
    return rows


def list_agreements(study: Study) -> list[Row]:
    """Return one row for each version, tomogram and class: how far it agrees with the baseline."""
    names = {each.value: each.name for each in study.classes}
    return [
        {
            "version": each.version,
            "baseline": study.baseline,
            "tomogram": each.tomogram,
            "class": names[each.class_value],
            "dice": each.agreement.dice,
            "disagreement_voxels": each.agreement.disagreement_voxels,
            "disagreement_um3": each.agreement.disagreement_um3,
            "baseline_um3": each.agreement.baseline_um3,
            "candidate_um3": each.agreement.candidate_um3,
            "baseline_objects": each.agreement.baseline_objects,
            "candidate_objects": each.agreement.candidate_objects,
        }
        for each in study.agreements
    ]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV (UTF-8), whole or not at all; columns in the order in which they first occur."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    write_text_atomically(path, text.getvalue())


def _evaluations(study: Study) -> Iterator[tuple[str, str, Evaluation]]:
    for version, evaluations in zip(study.versions, study.evaluations, strict=False):
        for tomogram, evaluation in zip(study.tomograms, evaluations, strict=True):
            yield version.name, tomogram.name, evaluation


def _row_of_objects(measured: ClassEvaluation) -> Row:
    o = measured.objects
    if o is None:
        return {}
    row: Row = {"objects": len(o.truth), "objects_split": o.n_split, "objects_merged": o.n_merged}
    for position, threshold in enumerate(o.iou_threshold):
        row |= {
            f"object_f1_at_{threshold:g}": float(o.f1[position]),
            f"panoptic_quality_at_{threshold:g}": float(o.panoptic_quality[position]),
        }
    return row


def _rows_of_table(table: ObjectTable, states: tuple[str, str], first_slice: int) -> list[Row]:
    return [
        {
            "state": states[0] if table.partner[i] else states[1],
            "object": i + 1,
            "voxels": int(table.voxels[i]),
            "best_iou": float(table.best_iou[i]),
            "z": float(table.centre_px[i, 0]) + first_slice,
            "y": float(table.centre_px[i, 1]),
            "x": float(table.centre_px[i, 2]),
        }
        for i in range(len(table))
    ]


def _cell(value: Any) -> Any:
    """What is not a number stays empty."""
    if isinstance(value, float):
        return f"{value:.8g}" if math.isfinite(value) else ""
    return value
