"""Figures of curves: over thresholds, distances, angles and overlaps, a line for each version."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sxt.metrics.curves import CALIBRATION_BINS, calibrate, threshold_curves
from sxt.metrics.evaluation import ClassEvaluation, Evaluation
from sxt.metrics.histogram import ProbabilityHistogram
from sxt.metrics.plot_style import add_line, add_mark, new_figure, plain_text
from sxt.metrics.study import Study

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def draw_precision_recall(study: Study, class_value: int) -> "Figure | None":
    """Precision against recall over all thresholds, the working one marked."""

    def add(
        figure: "Figure", i: int, name: str, histogram: ProbabilityHistogram, threshold: float | None
    ) -> None:
        curves = threshold_curves(histogram)
        label = f"{plain_text(name)} (AP {curves.average_precision:.3f})"
        hover = "Threshold %{customdata:.3f}: precision %{y:.3f}, recall %{x:.3f}<extra></extra>"
        add_line(figure, i, label, curves.recall, curves.precision, hover, customdata=curves.threshold)
        if threshold is not None:
            at = curves.at(threshold)
            add_mark(
                figure, i, curves.recall[at], curves.precision[at], f"{plain_text(name)} at {threshold:g}"
            )

    return _draw_curves(study, class_value, "Recall", "Precision", add)


def draw_roc(study: Study, class_value: int) -> "Figure | None":
    """Recall against the false positive rate over all thresholds, the working one marked."""

    def add(
        figure: "Figure", i: int, name: str, histogram: ProbabilityHistogram, threshold: float | None
    ) -> None:
        curves = threshold_curves(histogram)
        label = f"{plain_text(name)} (AUC {curves.roc_auc:.3f})"
        hover = "Threshold %{customdata:.3f}: recall %{y:.3f}, false positives %{x:.3f}<extra></extra>"
        add_line(
            figure, i, label, curves.false_positive_rate, curves.recall, hover, customdata=curves.threshold
        )
        if threshold is not None:
            at = curves.at(threshold)
            add_mark(
                figure,
                i,
                curves.false_positive_rate[at],
                curves.recall[at],
                f"{plain_text(name)} at {threshold:g}",
            )

    return _draw_curves(study, class_value, "False positive rate", "Recall", add)


def draw_dice_by_threshold(study: Study, class_value: int) -> "Figure | None":
    """Dice at every threshold, the best and the working one marked."""

    def add(
        figure: "Figure", i: int, name: str, histogram: ProbabilityHistogram, threshold: float | None
    ) -> None:
        curves = threshold_curves(histogram)
        label = f"{plain_text(name)} (best {curves.best_dice:.3f} at {curves.best_threshold:.2f})"
        add_line(
            figure,
            i,
            label,
            curves.threshold,
            curves.dice,
            "Threshold %{x:.3f}: Dice %{y:.3f}<extra></extra>",
        )
        if threshold is not None:
            add_mark(
                figure,
                i,
                threshold,
                curves.dice[curves.at(threshold)],
                f"{plain_text(name)} at {threshold:g}",
            )

    return _draw_curves(study, class_value, "Threshold", "Dice", add)


def draw_reliability(study: Study, class_value: int) -> "Figure | None":
    """How often the class is there, against how probable it was said to be."""

    def add(
        figure: "Figure", i: int, name: str, histogram: ProbabilityHistogram, threshold: float | None
    ) -> None:
        found = calibrate(histogram, n_bins=CALIBRATION_BINS)
        kept = found.n_voxels > 0
        label = f"{plain_text(name)} (ECE {found.expected_error:.3f})"
        hover = "Said %{x:.3f}, found %{y:.3f} of %{customdata:,} voxels<extra></extra>"
        add_line(
            figure,
            i,
            label,
            found.confidence[kept],
            found.frequency[kept],
            hover,
            customdata=found.n_voxels[kept],
            mode="lines+markers",
        )

    figure = _draw_curves(study, class_value, "Predicted probability", "Share of voxels of the class", add)
    if figure is not None:
        figure.add_scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": "#888888", "width": 1},
            showlegend=False,
            hoverinfo="skip",
        )
    return figure


def draw_distances(study: Study, class_value: int) -> "Figure | None":
    """Share of both surfaces that lies within a distance of the other."""

    def add(figure: "Figure", i: int, name: str, measured: list[ClassEvaluation]) -> None:
        surfaces = [each.surface for each in measured if each.surface is not None]
        total = sum((each.from_truth + each.from_prediction for each in surfaces), np.zeros(1))
        within = np.cumsum(total)[:-1] / max(1, total.sum())
        edges = surfaces[0].edges[1:-1]
        hover = "Within %{x:.3g}: %{y:.1%} of the surfaces<extra></extra>"
        add_line(figure, i, plain_text(name), edges, within, hover)
        figure.update_xaxes(title=f"Distance, {surfaces[0].unit}")
        if not i:
            figure.add_vline(x=surfaces[0].tolerance, line={"width": 1, "dash": "dot", "color": "#888888"})

    return _draw_measured(study, class_value, "Distance", "Share of the surfaces", "surface", add)


def draw_wedge(study: Study, class_value: int) -> "Figure | None":
    """Recall of the surface by the angle between its normal and the beam."""

    def add(figure: "Figure", i: int, name: str, measured: list[ClassEvaluation]) -> None:
        wedges = [each.wedge for each in measured if each.wedge is not None]
        centre = (wedges[0].edges_deg[1:] + wedges[0].edges_deg[:-1]) / 2
        n = np.sum([each.n_points for each in wedges], axis=0)
        found = np.sum([np.nan_to_num(each.recall) * each.n_points for each in wedges], axis=0)
        recall = np.where(n > 0, found / np.maximum(n, 1), np.nan)
        lost = np.mean([each.lost_share for each in wedges])
        label = f"{plain_text(name)} ({100 * lost:.1f} % of the surface lost)"
        hover = "At %{x}°: recall %{y:.3f} of %{customdata} points<extra></extra>"
        add_line(figure, i, label, centre, recall, hover, customdata=n, mode="lines+markers")

    figure = _draw_measured(
        study, class_value, "Angle between surface normal and beam, °", "Recall of the surface", "wedge", add
    )
    if figure is not None:
        figure.update_xaxes(range=[0, 90], tickvals=list(range(0, 91, 10)))
        figure.update_yaxes(range=[0, 1.02])
    return figure


def draw_objects(study: Study, class_value: int) -> "Figure | None":
    """F1 of objects against the overlap by which they are matched."""

    def add(figure: "Figure", i: int, name: str, measured: list[ClassEvaluation]) -> None:
        objects = [each.objects for each in measured if each.objects is not None]
        tp, fp, fn = (
            np.sum([getattr(each, kind) for each in objects], axis=0) for kind in ("tp", "fp", "fn")
        )
        f1 = np.where(2 * tp + fp + fn > 0, 2 * tp / np.maximum(2 * tp + fp + fn, 1), 1.0)
        hover = "At an IoU of %{x}: F1 %{y:.3f}, %{customdata} objects found<extra></extra>"
        add_line(
            figure,
            i,
            plain_text(name),
            objects[0].iou_threshold,
            f1,
            hover,
            customdata=tp,
            mode="lines+markers",
        )

    figure = _draw_measured(
        study, class_value, "IoU from which objects match", "F1 of objects", "objects", add
    )
    if figure is not None:
        figure.update_yaxes(range=[-0.02, 1.02])
    return figure


def pooled_histogram(evaluations: tuple[Evaluation, ...], class_value: int) -> ProbabilityHistogram | None:
    """Return the histogram of a class over all tomograms; None where one has none."""
    found = [each.of_class(class_value).histogram for each in evaluations]
    known = [each for each in found if each is not None]
    if not known or len(known) < len(found):
        return None
    total = known[0]
    for each in known[1:]:
        total += each
    return total


def _draw_curves(
    study: Study,
    class_value: int,
    x_title: str,
    y_title: str,
    add: Callable[["Figure", int, str, ProbabilityHistogram, float | None], None],
) -> "Figure | None":
    figure = new_figure(x_title, y_title)
    for i, (info, evaluations) in enumerate(zip(study.versions, study.evaluations, strict=False)):
        histogram = pooled_histogram(evaluations, class_value)
        if histogram is not None:
            add(figure, i, info.name, histogram, evaluations[0].threshold)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(range=[0, 1.01])
    return figure if figure.data else None


def _draw_measured(
    study: Study,
    class_value: int,
    x_title: str,
    y_title: str,
    part: str,
    add: Callable[["Figure", int, str, list[ClassEvaluation]], None],
) -> "Figure | None":
    figure = new_figure(x_title, y_title)
    for i, (info, evaluations) in enumerate(zip(study.versions, study.evaluations, strict=False)):
        measured = [each.of_class(class_value) for each in evaluations]
        if any(getattr(each, part) is not None for each in measured):
            add(figure, i, info.name, measured)
    return figure if figure.data else None
