"""A study as one HTML file that opens offline: verdicts, plots, data and hashes."""

import html
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sxt.files import write_text_atomically
from sxt.metrics import curve_figures, figures
from sxt.metrics.comparison import Comparison
from sxt.metrics.figures import SCORE_LABELS
from sxt.metrics.study import Study
from sxt.metrics.tables import Row, list_agreements, list_changes, list_scores

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline'",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "font-src data:",
    )
)
"""The page may use what it carries, and nothing else."""

PLOT_SETTINGS = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}
SHOWN_DIGITS = 12
"""Of a hash, in tables; the whole stands in the tooltip."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2024; background: #fff; max-width: 1320px; margin: 2rem auto;
  padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; } h2 { font-size: 1.2rem; margin-top: 2.4rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 0.2rem; } .sub, figcaption { color: #5c636b; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; margin: 0.6rem 0; }
th, td { text-align: left; padding: 0.25rem 0.8rem 0.25rem 0; border-bottom: 1px solid #e3e6e9; vertical-align: top; }
th { font-weight: 600; } td.n { white-space: nowrap; }
.warning { border-left: 4px solid #d55e00; background: #fdf3ec; padding: 0.5rem 0.9rem; margin: 0.5rem 0; }
.note { border-left: 4px solid #0072b2; background: #eef5fa; padding: 0.5rem 0.9rem; margin: 0.5rem 0; }
.better { color: #00694d; font-weight: 600; } .worse { color: #a84600; font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(500px, 1fr)); gap: 0.5rem 1.5rem; }
figure { margin: 0.5rem 0; min-width: 0; } figcaption { font-size: 0.9rem; } .wide { overflow-x: auto; }
code { font-size: 0.9em; } @media print { .plots { display: block; } }
"""

HEADLINE_SCORES = ("dice", "precision", "recall", "surface_dice", "centreline_dice")
SCORE_COLUMNS = {
    "dice": "Dice",
    "precision": "Precision",
    "recall": "Recall",
    "iou": "IoU",
    "mcc": "MCC",
    "surface_dice": "Surface Dice",
    "hausdorff_95": "Hausdorff 95 %",
    "mean_surface_distance": "Mean distance",
    "centreline_dice": "Centreline Dice",
    "panoptic_quality_at_0.5": "Panoptic quality",
    "average_precision": "Average precision",
    "best_threshold": "Best threshold",
    "best_dice": "Dice there",
    "calibration_error": "ECE",
    "paper_accuracy": "Paper accuracy",
    "paper_f1": "Paper F1",
}
CHANGE_COLUMNS = {
    "voxels_fixed": "Voxels fixed",
    "voxels_broken": "broken",
    "voxels_still_wrong": "still wrong",
    "voxels_right": "right in both",
    "objects_fixed": "Objects fixed",
    "objects_broken": "broken",
    "objects_still_wrong": "still missed",
    "objects_right": "found by both",
}
AGREEMENT_COLUMNS = {
    "dice": "Dice with the baseline",
    "disagreement_voxels": "Voxels that differ",
    "disagreement_um3": "µm³ that differ",
    "baseline_um3": "Volume of the baseline, µm³",
    "candidate_um3": "of the version, µm³",
    "baseline_objects": "Objects of the baseline",
    "candidate_objects": "of the version",
}


def write_report(study: Study, path: Path, *, title: str) -> None:
    """Write a study as one HTML file, whole or not at all; it asks nothing of any host."""
    write_text_atomically(path, render_report(study, title=title))


def render_report(study: Study, *, title: str) -> str:
    """Return the report as an HTML page with Plotly in it, once."""
    from plotly.offline import get_plotlyjs

    body = "\n".join(_sections(study, title))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head>\n<body>\n{body}\n</body></html>\n"
    )


def _sections(study: Study, title: str) -> Iterator[str]:
    yield f"<h1>{html.escape(title)}</h1>"
    yield f'<p class="sub">{html.escape(_subtitle(study))}</p>'
    for warning in study.warnings:
        yield f'<p class="warning">{html.escape(warning)}</p>'
    for number, name in enumerate(study.classes):
        heading = name.name.capitalize()
        yield f"<h2>{html.escape(heading)}</h2>"
        yield from _class_section(study, number)
    if study.agreements:
        yield "<h2>Agreement with the baseline</h2>"
        yield _wide(_table(list_agreements(study), AGREEMENT_COLUMNS))
    if len(study.classes) > 1 or study.has_labels:
        yield from _confusions(study)
    yield from _origins(study)


def _subtitle(study: Study) -> str:
    n = len(study.tomograms)
    where = study.tomograms[0].name if n == 1 else f"{n} tomograms"
    what = study.versions[0].name if len(study.versions) == 1 else f"{len(study.versions)} versions"
    against = f", compared with {study.baseline}" if len(study.versions) > 1 else ""
    when = f" · {study.created}" if study.created else ""
    return f"{what} on {where}{against}{when}"


def _class_section(study: Study, number: int) -> Iterator[str]:
    value = study.classes[number].value
    comparison = next((each for each in study.comparisons if each.class_value == value), None)
    if comparison is not None:
        yield _headline(comparison)
        yield from _plot(
            figures.draw_intervals(study, value), "intervals", _interval_caption(study, comparison)
        )
    rows = [row for row in list_scores(study) if row["class"] == study.classes[number].name]
    if rows:
        yield "<h3>All scores</h3>" + _wide(_table(rows, SCORE_COLUMNS))
        yield from (f'<p class="note">{html.escape(note)}</p>' for note in _notes(study))
    changes = [row for row in list_changes(study) if row["class"] == study.classes[number].name]
    if changes:
        yield f"<h3>What changed against {html.escape(study.baseline)}</h3>" + _wide(
            _table(changes, CHANGE_COLUMNS)
        )
    yield from _slice_plots(study, value)
    yield '<div class="plots">'
    for name, (draw, caption) in _CURVES.items():
        yield from _plot(draw(study, value), f"{name}-{value}", caption)
    yield "</div>"


def _slice_plots(study: Study, value: int) -> Iterator[str]:
    for position, tomogram in enumerate(study.tomograms):
        where = f" · {tomogram.name}" if len(study.tomograms) > 1 else ""
        slices = figures.draw_slices(study, position, value)
        yield from _plot(slices, f"slices-{value}-{position}", f"Errors slice by slice{where}.")
        changes = figures.draw_changes(study, position, value)
        yield from _plot(
            changes, f"changes-{value}-{position}", f"Fixed and broken voxels slice by slice{where}."
        )


def _confusions(study: Study) -> Iterator[str]:
    if not study.has_labels:
        return
    yield '<h2>Confusion of classes</h2><div class="plots">'
    for position, version in enumerate(study.versions):
        yield from _plot(figures.draw_confusion(study, position), f"confusion-{position}", f"{version.name}.")
    yield "</div>"


_CURVES: dict[str, tuple[Any, str]] = {
    "precision-recall": (
        curve_figures.draw_precision_recall,
        "Precision and recall; the mark is the threshold in use.",
    ),
    "dice": (curve_figures.draw_dice_by_threshold, "Dice at every threshold; the mark is the one in use."),
    "distribution": (figures.draw_distribution, "Dice of single slices."),
    "reliability": (
        curve_figures.draw_reliability,
        "Reliability: on the diagonal a probability is as often right as it says.",
    ),
    "distances": (
        curve_figures.draw_distances,
        "Surfaces within a distance of each other; dotted: the tolerance.",
    ),
    "wedge": (
        curve_figures.draw_wedge,
        "Recall of surfaces by the angle between their normal and the beam: at 0° the missing wedge hides them.",
    ),
    "objects": (curve_figures.draw_objects, "Objects found, by the overlap that is asked for."),
    "roc": (curve_figures.draw_roc, "ROC; the mark is the threshold in use."),
}


def _headline(comparison: Comparison) -> str:
    names = [name for name in HEADLINE_SCORES if any(each.score == name for each in comparison.scores)]
    head = "".join(f"<th>{SCORE_LABELS[name]}</th>" for name in names)
    rows = []
    for version in comparison.versions:
        is_baseline = version == comparison.baseline
        mark = " (baseline)" if is_baseline and len(comparison.versions) > 1 else ""
        cells = "".join(_headline_cell(comparison, version, name, is_baseline=is_baseline) for name in names)
        rows.append(f"<tr><td>{html.escape(version + mark)}</td>{cells}</tr>")
    return _wide(f"<table><tr><th>Version</th>{head}</tr>{''.join(rows)}</table>")


def _headline_cell(comparison: Comparison, version: str, name: str, *, is_baseline: bool) -> str:
    found = comparison.of(version, name)
    text = f"{format_interval(found.value.value, found.value.low, found.value.high)}"
    if not is_baseline:
        kind = found.verdict if found.verdict in ("better", "worse") else ""
        d = found.difference
        difference = format_interval(d.value, d.low, d.high, is_signed=True)
        text += f'<br>{difference}<br><span class="{kind}">{found.verdict}</span>'
    return f'<td class="n">{text}</td>'


def _interval_caption(study: Study, comparison: Comparison) -> str:
    confidence = f"{100 * comparison.settings.confidence:g} %"
    n = comparison.n_units
    what = f"{n} {comparison.unit}{'' if n == 1 else 's'} resampled"
    if len(study.versions) == 1:
        return f"Scores with {confidence} intervals; {what}."
    return (
        f"Differences from {comparison.baseline} with {confidence} intervals; {what}. "
        f"Grey: differences below {comparison.settings.margin:g}, which do not matter."
    )


def _origins(study: Study) -> Iterator[str]:
    """What was measured on what with which settings, so that it can be done again."""
    yield "<h2>Data</h2>"
    rows = [
        (
            each.name,
            _hash(each.sha256),
            each.labels_name or "none",
            _hash(each.labels_sha256),
            _voxel(each.voxel_size_nm),
        )
        for each in study.tomograms
    ]
    yield _plain_table(("Tomogram", "SHA-256", "Labels", "SHA-256", "Voxel (z, y, x)"), rows)
    versions = [
        (
            each.name,
            _hash(each.sha256),
            each.parent or "",
            ", ".join(f"{k} {v}" for k, v in each.settings.items()),
        )
        for each in study.versions
    ]
    yield _plain_table(("Version", "SHA-256 of the weights", "Trained from", "Settings"), versions)
    s, t = study.settings, study.statistics
    programs = ", ".join(f"{name} {version}" for name, version in study.programs.items())
    yield (
        f'<p class="sub">Surface tolerance {s.tolerance_nm:g} nm ({s.tolerance_voxels:g} voxels where their size is '
        f"unknown); objects of at least {s.min_voxels} voxels, connectivity {s.connectivity}; "
        f"confidence {t.confidence:g}, "
        f"margin {t.margin:g}, {t.n_resamples} resamples, seed {t.seed}. {html.escape(programs)}</p>"
    )


def format_interval(value: float, low: float, high: float, *, is_signed: bool = False) -> str:
    """Return ``0.871 [0.858, 0.883]``; the value alone where there is no interval."""
    if math.isnan(value):
        return "–"
    sign = "+" if is_signed else ""
    if math.isnan(low):
        return f"{value:{sign}.3f}"
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def format_number(value: Any) -> str:
    """Return a number with three significant digits, whole numbers with thin spaces, and – for none."""
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.3f}" if 0.001 <= abs(value) < 10 else f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u2009")
    return str(value)


def _notes(study: Study) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for each in study.evaluations for found in each for note in found.notes))


def _plot(figure: "Figure | None", name: str, caption: str) -> Iterator[str]:
    if figure is not None:
        plot = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=PLOT_SETTINGS)
        yield f"<figure>{plot}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _table(rows: list[Row], columns: dict[str, str]) -> str:
    shown = {name: label for name, label in columns.items() if any(name in row for row in rows)}
    head = {name: name.capitalize() for name in ("version", "tomogram") if any(name in row for row in rows)}
    unit = next((row["distance_unit"] for row in rows if "distance_unit" in row), "")
    labels = [
        f"{label}, {unit}" if name in ("hausdorff_95", "mean_surface_distance") else label
        for name, label in shown.items()
    ]
    body = [tuple(format_number(row.get(name, math.nan)) for name in (*head, *shown)) for row in rows]
    return _plain_table((*head.values(), *labels), body)


def _plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; cells that are no `_Markup` are escaped."""
    cells = "".join(f"<th>{html.escape(each)}</th>" for each in head)
    body = "".join(
        "<tr>" + "".join(f'<td class="n">{_cell(each)}</td>' for each in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{cells}</tr>{body}</table>"


def _wide(table: str) -> str:
    return f'<div class="wide">{table}</div>'


class _Markup(str):
    """Text that is HTML already."""


def _cell(text: str) -> str:
    return text if isinstance(text, _Markup) else html.escape(text)


def _hash(digest: str) -> str:
    if not digest:
        return "–"
    return _Markup(f'<code title="{html.escape(digest)}">{html.escape(digest[:SHOWN_DIGITS])}</code>')


def _voxel(size: tuple[float, float, float] | None) -> str:
    return "unknown" if size is None else " × ".join(f"{each:g}" for each in size) + " nm"
