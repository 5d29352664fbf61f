from dataclasses import replace

import pytest

from sxt.metrics import Interval
from sxt.metrics.report import format_interval
from sxt.ui.metrics.headline import find_comparison, headline_table
from sxt.ui.metrics.studies import open_study


@pytest.fixture
def comparison(bench, stored):
    return find_comparison(open_study(bench.workspace, stored.id), 1)


def plain(text):
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def test_the_table_has_the_numbers_of_the_comparison(comparison):
    table = headline_table(comparison, differences_only=False)
    assert list(table.columns) == ["Version", "Dice", "Precision", "Recall", "Surface Dice"]
    assert table["Version"].tolist() == ["known:1 (baseline)", "known:2"]
    first, second = (comparison.of(name, "dice") for name in comparison.versions)
    assert plain(table["Dice"][0]) == format_interval(first.value.value, first.value.low, first.value.high)
    shown = plain(table["Dice"][1])
    assert shown.startswith(format_interval(second.value.value, second.value.low, second.value.high))
    assert f" {second.difference.value:+.3f} too little data" in shown


def test_differences_only_leaves_out_the_baseline_and_what_is_the_same(comparison):
    table = headline_table(comparison, differences_only=True)
    assert table["Version"].tolist() == ["known:2"]
    each = comparison.of("known:2", "precision").difference
    assert table["Precision"][0] == each.value, "a number, so that it sorts as one"
    assert plain(table["Precision, verdict"][0]) == "too little data"
    known = replace(
        comparison,
        scores=tuple(
            replace(score, difference=Interval(0.02, -0.01, 0.05), verdict="no difference")
            for score in comparison.scores
        ),
    )
    shown = headline_table(known, differences_only=True)["Dice, verdict"][0]
    assert plain(shown) == "[-0.010, +0.050] no difference"
    same = replace(
        comparison,
        scores=tuple(
            replace(score, difference=replace(score.difference, value=0.0))
            if score.score == "recall"
            else score
            for score in comparison.scores
        ),
    )
    assert "Recall" not in headline_table(same, differences_only=True).columns


def test_a_verdict_has_a_sign_beside_its_word(comparison):
    better = replace(comparison, scores=tuple(replace(each, verdict="better") for each in comparison.scores))
    assert "▲ better" in plain(headline_table(better, differences_only=False)["Dice"][1])


def test_a_single_version_has_no_verdict(bench):
    alone = bench.compare(models=("known:1",))
    comparison = find_comparison(open_study(bench.workspace, alone.id), 1)
    table = headline_table(comparison, differences_only=False)
    assert table["Version"].tolist() == ["known:1"]
    assert "data" not in table["Dice"][0]
