"""Dice over versions: what came of what, and whether it got better, from all comparisons on the same labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sxt.errors import InputError
from sxt.metrics import Interval, Study
from sxt.metrics.plot_style import VERSION_COLOURS, new_figure, plain_text
from sxt.ui.metrics.headline import find_comparison
from sxt.ui.metrics.studies import StoredStudy, open_study
from sxt.workspace import Workspace

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_STUDIES = 20
HEIGHT_PX = 340


@dataclass(frozen=True)
class MeasuredVersion:
    """A version with its Dice, and the version that its training started from."""

    name: str
    parent: str | None
    dice: Interval


def collect_versions(
    workspace: Workspace, studies: Sequence[StoredStudy], shown: StoredStudy, class_value: int
) -> list[MeasuredVersion]:
    """Return every version that was measured on the same labels as those of a comparison, parents first."""
    reference = _labels_of(open_study(workspace, shown.id))
    found: dict[str, MeasuredVersion] = {}
    for each in [shown, *studies][: MOST_STUDIES + 1]:
        if not _is_alike(each, shown):
            continue
        try:
            study = open_study(workspace, each.id)
        except InputError:
            continue  # damaged or deleted: what is shown does not need it
        comparison = find_comparison(study, class_value)
        if comparison is None or _labels_of(study) != reference:
            continue
        for info in study.versions:
            dice = comparison.of(info.name, "dice").value
            found.setdefault(info.name, MeasuredVersion(info.name, info.parent, dice))
    return _parents_first(list(found.values()))


def draw_history(versions: Sequence[MeasuredVersion]) -> "Figure":
    """Draw Dice with intervals version by version; a line leads from each version to those trained from it."""
    place = {each.name: i for i, each in enumerate(versions)}
    figure = new_figure("", "Dice", height=HEIGHT_PX)
    for each in versions:
        if each.parent in place:
            start = versions[place[each.parent]]
            figure.add_scatter(
                x=[place[start.name], place[each.name]],
                y=[start.dice.value, each.dice.value],
                mode="lines",
                line={"color": "#888888", "width": 1.5},
                hoverinfo="skip",
                showlegend=False,
            )
    figure.add_scatter(
        x=list(range(len(versions))),
        y=[each.dice.value for each in versions],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [each.dice.high - each.dice.value for each in versions],
            "arrayminus": [each.dice.value - each.dice.low for each in versions],
        },
        mode="markers",
        marker={"size": 10, "color": VERSION_COLOURS[0]},
        customdata=[
            plain_text(f"trained from {each.parent}" if each.parent else "trained from scratch, or not known")
            for each in versions
        ],
        text=[plain_text(each.name) for each in versions],
        hovertemplate="%{text}: Dice %{y:.4f}<br>%{customdata}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(
        tickvals=list(range(len(versions))), ticktext=[plain_text(each.name) for each in versions]
    )
    return figure


def _is_alike(each: StoredStudy, shown: StoredStudy) -> bool:
    first, second = each.request, shown.request
    return (first.tomogram_ids, first.with_labels, first.hold_out_only, first.settings) == (
        second.tomogram_ids,
        second.with_labels,
        second.hold_out_only,
        second.settings,
    )


def _labels_of(study: Study) -> list[str]:
    """Tell apart the labelled voxels that were measured."""
    return [each.truth_sha256 for each in study.evaluations[0]] if study.has_labels else []


def _parents_first(versions: list[MeasuredVersion]) -> list[MeasuredVersion]:
    by_name = {each.name: each for each in versions}

    def depth(each: MeasuredVersion) -> int:
        n, seen = 0, {each.name}
        while each.parent in by_name and each.parent not in seen:
            each = by_name[each.parent]
            seen.add(each.name)
            n += 1
        return n

    return sorted(versions, key=lambda each: (depth(each), each.name))
