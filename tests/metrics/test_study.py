import json

import numpy as np
import pytest

from sxt.errors import InputError, SettingsError
from sxt.metrics import (
    ClassName,
    EvaluationSettings,
    Labels,
    Prediction,
    StatisticsSettings,
    StudyInput,
    TomogramInfo,
    VersionInfo,
    read_study,
    run_study,
    summarise,
    to_record,
    write_study,
)
from sxt.metrics.report import format_interval, format_number, render_report
from sxt.metrics.tables import list_changes, list_comparisons, list_objects, list_scores, list_slices
from tests.metrics.masks import blobs

NAMES = (ClassName(1, "membrane"),)
QUICK = StatisticsSettings(n_resamples=300)
SMALL = EvaluationSettings(min_voxels=4)


def spoilt(truth, share, seed):
    wrong = blobs(truth.shape, seed=seed, share=share, smooth=1.0) == 1
    return np.where(wrong, 1 - truth, truth).astype(np.uint8)


def make_input(n_tomograms=6, *, with_labels=True, names=("old", "new <b>")):
    truths = [blobs((9, 24, 24), seed=seed) for seed in range(n_tomograms)]
    predictions = []
    for i, share in enumerate((0.3, 0.05)[: len(names)]):
        masks = [spoilt(each, share, 10 * i + seed) for seed, each in enumerate(truths)]
        predictions.append(
            tuple(Prediction(m, (np.where(m, 200, 30).astype(np.uint8),), threshold=0.5) for m in masks)
        )
    return StudyInput(
        versions=tuple(VersionInfo(name, sha256=f"{i:064x}") for i, name in enumerate(names)),
        tomograms=tuple(
            TomogramInfo(f"cell {t}", "a" * 64, "labels", "b" * 64, (20.0, 10.0, 10.0))
            for t in range(n_tomograms)
        ),
        predictions=tuple(predictions),
        labels=tuple(Labels(each) for each in truths) if with_labels else (),
        classes=NAMES,
    )


@pytest.fixture(scope="module")
def study():
    return run_study(make_input(), settings=SMALL, statistics=QUICK, programs={"sxt": "1"}, created="now")


def test_versions_are_measured_and_compared(study):
    assert study.baseline == "old"
    assert [len(each) for each in study.evaluations] == [6, 6]
    assert study.comparisons[0].of("new <b>", "dice").verdict == "better"
    changes = study.changes[0]
    first, second = (each[0].counts(1).pooled() for each in study.evaluations)
    gain = int(second.tp + second.tn - first.tp - first.tn)
    assert changes.voxels.fixed.sum() - changes.voxels.broken.sum() == gain
    assert changes.objects.right + changes.objects.broken == study.evaluations[0][0].classes[0].objects.tp[2]


def test_a_study_on_disk_is_the_same_again(study, tmp_path):
    files = write_study(study, tmp_path / "out", title="Study")
    assert {each.name for each in files.folder.iterdir()} == set(files.names)
    assert "agreement.csv" not in files.names
    again = read_study(files.folder)
    assert json.dumps(to_record(again)) == json.dumps(to_record(study))
    assert summarise(again) == summarise(study)
    assert render_report(again, title="Study") == (files.folder / "report.html").read_text(encoding="utf-8")


def test_the_tables_hold_the_numbers_of_the_evaluations(study):
    scores = list_scores(study)
    assert len(scores) == 12
    counts = study.evaluations[1][3].counts(1)
    row = next(each for each in scores if (each["version"], each["tomogram"]) == ("new <b>", "cell 3"))
    assert row["dice"] == pytest.approx(2 * counts.tp.sum() / (2 * counts.tp + counts.fp + counts.fn).sum())
    slices = list_slices(study)
    assert len(slices) == 12 * 9
    assert sum(each["tp"] for each in slices if each["version"] == "old") == sum(
        each["tp"] for each in scores if each["version"] == "old"
    )
    states = [each["state"] for each in list_objects(study)]
    assert states.count("found") == sum(e.classes[0].objects.tp[2] for v in study.evaluations for e in v)
    assert states.count("wrong") == sum(e.classes[0].objects.fp[2] for v in study.evaluations for e in v)
    for each in list_changes(study):
        kinds = ("fixed", "broken", "still_wrong", "right")
        assert sum(each[f"voxels_{kind}"] for kind in kinds) == 9 * 24 * 24
    assert {each["verdict"] for each in list_comparisons(study) if each["version"] == "old"} == {
        "no difference"
    }


def test_the_report_asks_nothing_of_others_and_escapes_names(study):
    page = render_report(study, title="A <i> title")
    head, body = page.split("</script>", 1)
    assert head.count("<script>") == 1
    assert "default-src 'none'" in head
    assert "new <b>" not in body.split("<script")[0]
    assert "new &lt;b&gt;" in body
    assert "A &lt;i&gt; title" in body
    assert 'src="http' not in page
    for name in ("intervals", "precision-recall-1", "wedge-1", "slices-1-5", "changes-1-0", "confusion-1"):
        assert f'id="{name}"' in body
    assert "a" * 64 in body


def test_without_labels_versions_are_compared_with_each_other(tmp_path):
    found = run_study(make_input(2, with_labels=False), settings=SMALL, statistics=QUICK)
    assert not found.has_labels
    assert (found.evaluations, found.comparisons, found.changes) == ((), (), ())
    assert [each.tomogram for each in found.agreements] == ["cell 0", "cell 1"]
    files = write_study(found, tmp_path, title="Agreement")
    assert files.names == ("report.html", "study.json", "agreement.csv")
    assert read_study(tmp_path).agreements[0].agreement.dice == found.agreements[0].agreement.dice


def test_one_version_has_intervals_but_nothing_to_compare_with():
    found = run_study(make_input(6, names=("only",)), settings=SMALL, statistics=QUICK)
    value = found.comparisons[0].of("only", "dice").value
    assert value.low < value.value < value.high
    assert (found.changes, found.warnings) == ((), ())


def test_stored_evaluations_are_not_measured_again():
    asked = []
    first = run_study(make_input(2), settings=SMALL, statistics=QUICK)

    class Store:
        def find(self, version, tomogram):
            return first.evaluations[version][tomogram] if version == 0 else None

        def keep(self, version, tomogram, evaluation):
            asked.append((version, tomogram))

    again = run_study(make_input(2), settings=SMALL, statistics=QUICK, store=Store())
    assert asked == [(1, 0), (1, 1)]
    assert again.evaluations[0][1] is first.evaluations[0][1]
    assert to_record(again) == to_record(first)


def test_progress_names_version_and_tomogram():
    stages = []
    run_study(
        make_input(2), settings=SMALL, statistics=QUICK, progress=lambda each: stages.append(each.stage)
    )
    assert "measure slices on cell 0" in stages
    assert "measure distances of new <b> on cell 1" in stages


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": (Labels(np.zeros((1, 2, 2), "u1")),)}, "6 tomograms and 1 labels"),
        ({"versions": (VersionInfo("a"), VersionInfo("a"))}, "The versions are a, a"),
        ({"baseline": "none"}, "'none' is not among old"),
        ({"labels": (), "classes": None}, "give two versions"),
        ({"classes": None}, "name those to compare"),
    ],
)
def test_inputs_that_do_not_go_together_are_refused(changes, message):
    given = vars(make_input()) | changes
    with pytest.raises(SettingsError, match=message):
        StudyInput(**given)


def test_studies_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_study(tmp_path)
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        read_study(tmp_path)
    (tmp_path / "study.json").write_text('{"schema_version": 9}')
    with pytest.raises(InputError, match="schema version 9"):
        read_study(tmp_path)


def test_numbers_read_as_they_should():
    assert format_interval(0.8712, 0.8581, 0.8833) == "0.871 [0.858, 0.883]"
    assert format_interval(0.01, -0.002, 0.02, is_signed=True) == "+0.010 [-0.002, +0.020]"
    assert format_interval(float("nan"), 0, 0) == "–"
    assert format_interval(0.5, float("nan"), float("nan")) == "0.500"
    assert format_number(1234567) == "1\u2009234\u2009567"
    assert [format_number(each) for each in (0.123456, 323.8, float("nan"), "a")] == [
        "0.123",
        "324",
        "–",
        "a",
    ]
