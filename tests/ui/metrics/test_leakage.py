import pytest

from sxt.ui.metrics.leakage import Leak, find_leaks, list_severe_leaks
from sxt.ui.metrics.studies import open_study
from sxt.ui.models.catalogue import Catalogue
from tests.ui.metrics.items import make_use


def leaks_of(tomogram, entry, measured=(2, 3, 5)):
    training = {"recipe": "fine-tune", "tomogram 1": entry.format(sha=tomogram.sha256[:16], id=tomogram.id)}
    return find_leaks(make_use("1", 0.5, training=training).config, tomogram, measured)


def test_slices_that_were_trained_on_are_named(bench):
    (found,) = leaks_of(bench.tomogram, "cell, SHA-256 {sha}; trained on slices 1, 3, 5, 12; labels by ada")
    assert found.is_severe
    assert found.sentence == (
        "known:1 was trained on 2 slices of Zelle *7* <b>µ</b> (3, 5), of those measured here: "
        "its numbers are too good."
    )


def test_other_slices_of_the_same_tomogram_are_a_milder_doubt(bench):
    (found,) = leaks_of(bench.tomogram, "cell, SHA-256 {sha}; trained on slices 1, 12; held out slices 2")
    assert found == Leak(
        "known:1 was trained on other slices of Zelle *7* <b>µ</b>; other cells may be harder for it.", False
    )


def test_a_record_without_slices_counts_as_trained_on_all(bench):
    (found,) = leaks_of(bench.tomogram, "tomogram {id}")
    assert found.is_severe


@pytest.mark.parametrize(
    "entry", ["cell, SHA-256 {sha}, unlabelled", "another cell, SHA-256 0123456789abcdef"]
)
def test_what_was_not_trained_on_with_labels_is_no_leak(bench, entry):
    assert leaks_of(bench.tomogram, entry) == ()


def test_a_stored_comparison_is_held_against_the_versions_that_are_there(bench, stored):
    from sxt.models import ModelSummary

    def summary(sha256):
        training = {"tomogram 1": f"cell, SHA-256 {bench.tomogram.sha256[:16]}; trained on slices 2"}
        config = make_use("2", 0.5, training=training).config
        config = type(config)(**{**vars(config), "weights_sha256": sha256})
        return ModelSummary("known", "2", bench.workspace.root, config, 1, 1, False, "")

    study = open_study(bench.workspace, stored.id)
    same = Catalogue([summary("2" * 64)], [])
    (sentence,) = list_severe_leaks(bench.workspace, same, stored, study)
    assert "known:2 was trained on 1 slice of" in sentence
    assert list_severe_leaks(bench.workspace, Catalogue([summary("3" * 64)], []), stored, study) == []
