import numpy as np
import pytest

from sxt.metrics.figures import draw_slices
from sxt.ui.metrics.history import collect_versions, draw_history
from sxt.ui.metrics.numbers import AGREEMENT_COLUMNS, CHANGE_COLUMNS, readable_table
from sxt.ui.metrics.plots import CURVES, clicked_slice, in_theme
from sxt.ui.metrics.studies import list_studies, open_study


def test_every_curve_is_drawn_of_which_there_are_measurements(bench, stored):
    study = open_study(bench.workspace, stored.id)
    missing = [name for name, (draw, _) in CURVES.items() if draw(study, 1) is None]
    has_wedge = study.evaluations[0][0].of_class(1).wedge is not None
    assert missing == ([] if has_wedge else ["wedge"])


def test_a_figure_takes_the_theme_of_the_page(bench, stored):
    figure = in_theme(draw_slices(open_study(bench.workspace, stored.id), 0, 1))
    assert figure.layout.template.layout.paper_bgcolor != "white"
    assert figure.layout.font.family is None


def test_the_line_of_the_dice_takes_the_upper_half(bench, stored):
    study = open_study(bench.workspace, stored.id)
    figure = draw_slices(study, 0, 1)
    evaluation = study.evaluations[0][0]
    counts = evaluation.counts(1)
    low, high = figure.layout.yaxis.range
    assert low == -high
    assert high > max(counts.fp.max(), counts.fn.max())
    low, high = figure.layout.yaxis2.range
    lowest = np.nanmin(evaluation.confusion.per_slice(1)["dice"])
    assert (low + high) / 2 == pytest.approx(np.floor(10 * lowest) / 10)
    assert high > 1


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"selection": {"points": [{"x": 7, "y": 12}]}}, 7),
        ({"selection": {"points": []}}, None),
        ({"selection": {"points": [{"x": "known:1"}]}}, None),
        (None, None),
    ],
)
def test_a_click_names_the_slice(event, expected):
    assert clicked_slice(event) == expected


def test_the_history_takes_versions_of_other_comparisons_with_the_same_labels(bench):
    shown = bench.compare(models=("known:1",))
    bench.compare(models=("known:2",))
    bench.compare(models=("known:2",), hold_out_only=False)
    found = collect_versions(bench.workspace, list_studies(bench.workspace), shown, 1)
    assert [(each.name, each.parent) for each in found] == [("known:1", None), ("known:2", "known:1")]
    study = open_study(bench.workspace, shown.id)
    assert found[0].dice == study.comparisons[0].of("known:1", "dice").value
    line, points = draw_history(found).data
    assert list(line.x) == [0, 1]
    assert list(points.y) == [each.dice.value for each in found]
    assert points.customdata[1] == "trained from known:1"


def test_a_history_of_other_labels_is_another_one(bench):
    import numpy as np

    from sxt.labels import SliceKey

    bench.compare(models=("known:2",))
    labels = bench.workspace.find_labels(bench.tomogram.id)
    labels.change(SliceKey("z", 2), np.zeros_like, by="ada", tool="fill")
    shown = bench.compare(models=("known:1",))
    found = collect_versions(bench.workspace, list_studies(bench.workspace), shown, 1)
    assert [each.name for each in found] == ["known:1"]


def test_tables_have_the_numbers_in_words(bench, stored):
    from sxt.metrics.tables import list_changes

    rows = list_changes(open_study(bench.workspace, stored.id))
    table = readable_table(rows, CHANGE_COLUMNS)
    assert table["Voxels fixed"][0].replace("\u2009", "") == str(rows[0]["voxels_fixed"])
    assert list(table.columns[:2]) == ["Version", "Tomogram"]
    assert len(set(AGREEMENT_COLUMNS.values())) == len(AGREEMENT_COLUMNS)
