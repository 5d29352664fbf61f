"""Plotly figures of a study, one a question, in colours that are told apart with red-green blindness."""

from typing import TYPE_CHECKING

import numpy as np

from sxt.metrics.plot_style import (
    BROKEN,
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    FIXED,
    new_figure,
    new_rows,
    plain_text,
    version_marker,
)
from sxt.metrics.statistics import FEWEST_UNITS
from sxt.metrics.study import Changes, Study

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SPARE_ROOM = 1.04
"""Of an axis beyond the largest value on it."""

SCORE_LABELS = {
    "dice": "Dice",
    "iou": "IoU",
    "precision": "Precision",
    "recall": "Recall",
    "surface_dice": "Surface Dice",
    "centreline_dice": "Centreline Dice",
}


def draw_intervals(study: Study, class_value: int) -> "Figure | None":
    """Each score with its interval: differences from the baseline, or values where there is one version."""
    comparison = next((each for each in study.comparisons if each.class_value == class_value), None)
    if comparison is None or comparison.n_units < FEWEST_UNITS:  # of fewer there are no intervals
        return None
    is_difference = len(study.versions) > 1
    figure = new_figure(f"Difference from {comparison.baseline}" if is_difference else "Score", "")
    names = list(dict.fromkeys(each.score for each in comparison.scores))
    for i, version in enumerate(comparison.versions):
        if is_difference and version == comparison.baseline:
            continue
        chosen = [comparison.of(version, name) for name in names]
        intervals = [each.difference if is_difference else each.value for each in chosen]
        figure.add_scatter(
            name=version,
            x=[each.value for each in intervals],
            y=[SCORE_LABELS[name] for name in names],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [each.high - each.value for each in intervals],
                "arrayminus": [each.value - each.low for each in intervals],
            },
            mode="markers",
            marker={"size": 9, **version_marker(i)},
            text=[each.verdict if is_difference else "" for each in chosen],
            hovertemplate=f"%{{y}} of {plain_text(version)}: %{{x:.4f}} %{{text}}<extra></extra>",
        )
    if is_difference:
        figure.add_vline(x=0, line={"width": 1, "color": "#888888"})
        margin = comparison.settings.margin
        figure.add_vrect(x0=-margin, x1=margin, fillcolor="#888888", opacity=0.15, line_width=0)
        figure.update_layout(scattermode="group")
    figure.update_yaxes(autorange="reversed")
    return figure


def draw_slices(study: Study, tomogram: int, class_value: int) -> "Figure | None":
    """False positives above, false negatives below, Dice as a line, along z; a row for each version."""
    if not study.has_labels:
        return None
    rows = [(info.name, study.evaluations[v][tomogram]) for v, info in enumerate(study.versions)]
    figure = new_rows([plain_text(name) for name, _ in rows], with_second_axis=True)
    for row, (name, evaluation) in enumerate(rows, start=1):
        counts = evaluation.counts(class_value)
        kept = counts.total > 0
        z = evaluation.slices[kept]
        dice = evaluation.confusion.per_slice(class_value)["dice"][kept]
        bars = (
            ("False positives", counts.fp[kept], 1, FALSE_POSITIVE, ""),
            ("False negatives", counts.fn[kept], -1, FALSE_NEGATIVE, "/"),
        )
        for label, voxels, sign, colour, pattern in bars:
            figure.add_bar(
                name=label,
                x=z,
                y=sign * voxels,
                marker={
                    "color": colour,
                    "pattern": {"shape": pattern, "solidity": 0.25},
                    "line": {"width": 0},
                },
                customdata=voxels,
                hovertemplate=f"Slice %{{x}}: %{{customdata}} {label.lower()}<extra>{plain_text(name)}</extra>",
                showlegend=row == 1,
                row=row,
                col=1,
            )
        figure.add_scatter(
            name="Dice",
            x=z,
            y=dice,
            mode="lines+markers",
            marker={"size": 3},
            line={"color": "#888888", "width": 1.5},
            hovertemplate=f"Slice %{{x}}: Dice %{{y:.3f}}<extra>{plain_text(name)}</extra>",
            showlegend=row == 1,
            row=row,
            col=1,
            secondary_y=True,
        )
        most = SPARE_ROOM * max(1, counts.fp.max(initial=0), counts.fn.max(initial=0))
        figure.update_yaxes(
            title="FN · FP, voxels", range=[-most, most], row=row, col=1, secondary_y=False
        )  # both zeros in the middle, so that the line lies above what is missed
        lowest = _floor_of(dice)
        figure.update_yaxes(
            title="Dice",
            range=[lowest - SPARE_ROOM * (1 - lowest), lowest + SPARE_ROOM * (1 - lowest)],
            tickvals=[lowest, (1 + lowest) / 2, 1],
            tickformat=".2~f",
            showgrid=False,
            row=row,
            col=1,
            secondary_y=True,
        )
    figure.update_layout(barmode="relative", bargap=0)
    figure.update_xaxes(title="Slice", row=len(rows), col=1)
    return figure


def draw_changes(study: Study, tomogram: int, class_value: int) -> "Figure | None":
    """Voxels fixed and broken against the baseline along z; a row for each version."""
    chosen = [
        each
        for each in study.changes
        if each.tomogram == study.tomograms[tomogram].name and each.class_value == class_value
    ]
    if not chosen:
        return None
    figure = new_rows(
        [plain_text(f"{each.version} against {study.baseline}") for each in chosen], with_second_axis=False
    )
    for row, each in enumerate(chosen, start=1):
        _add_changes(figure, each, row)
    figure.update_layout(barmode="relative", bargap=0)
    figure.update_xaxes(title="Slice", row=len(chosen), col=1)
    return figure


def draw_confusion(study: Study, version: int) -> "Figure | None":
    """Share of each true class that is predicted as which, over all tomograms."""
    if not study.has_labels:
        return None
    matrix = sum(each.confusion.matrix.sum(axis=0) for each in study.evaluations[version])
    names = ["background", *(each.name for each in study.classes)]
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = new_figure("Predicted", "True")
    figure.add_heatmap(
        z=share,
        x=names,
        y=names,
        text=[
            [f"{100 * s:.2f} %<br>{n:,}".replace(",", " ") for s, n in zip(*row, strict=True)]
            for row in zip(share, np.asarray(matrix), strict=True)
        ],
        texttemplate="%{text}",
        colorscale=[[0, "#F7FBFF"], [0.5, "#9ECAE1"], [1, "#2171B5"]],
        zmin=0,
        zmax=1,
        colorbar={"title": "Share of<br>true class"},
        hovertemplate="%{y} predicted as %{x}: %{z:.2%}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed")
    return figure


def draw_distribution(study: Study, class_value: int) -> "Figure | None":
    """Dice of single slices, version by version."""
    if not study.has_labels:
        return None
    figure = new_figure("", "Dice of a slice")
    for i, (info, evaluations) in enumerate(zip(study.versions, study.evaluations, strict=True)):
        dice = np.concatenate([each.confusion.per_slice(class_value)["dice"] for each in evaluations])
        z = np.concatenate([each.slices for each in evaluations])
        kept = np.isfinite(dice)
        figure.add_box(
            name=plain_text(info.name),
            y=dice[kept],
            customdata=z[kept],
            boxpoints="all",
            jitter=0.5,
            pointpos=0,
            marker={"size": 4, "opacity": 0.6, **version_marker(i)},
            hovertemplate="Slice %{customdata}: Dice %{y:.3f}<extra></extra>",
        )
    figure.update_layout(showlegend=False)
    return figure


def _floor_of(dice: np.ndarray) -> float:
    """Return the tenth below the lowest of the scores, at most 0.9, from which on they are drawn."""
    known = dice[np.isfinite(dice)]
    return float(np.clip(np.floor(10 * known.min()) / 10, 0, 0.9)) if len(known) else 0.0


def _add_changes(figure: "Figure", changes: Changes, row: int) -> None:
    voxels, name = changes.voxels, plain_text(changes.version)
    for label, values, sign, colour, pattern in (
        ("Fixed", voxels.fixed, 1, FIXED, ""),
        ("Broken", voxels.broken, -1, BROKEN, "/"),
    ):
        figure.add_bar(
            name=label,
            x=voxels.slices,
            y=sign * values,
            customdata=values,
            marker={"color": colour, "pattern": {"shape": pattern, "solidity": 0.25}, "line": {"width": 0}},
            hovertemplate=f"Slice %{{x}}: %{{customdata}} voxels {label.lower()}<extra>{name}</extra>",
            showlegend=row == 1,
            row=row,
            col=1,
        )
    figure.update_yaxes(title="Broken · fixed, voxels", row=row, col=1)
