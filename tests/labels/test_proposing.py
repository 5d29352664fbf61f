import numpy as np
import pytest

from sxt.errors import Cancelled, SettingsError
from sxt.labels import ConfidenceThresholds, HoldOutError, PseudoLabels, SliceKey
from sxt.labels.proposing import MAX_CALIBRATION_SLICES, calibrate_on_labels, propose_labels
from sxt.progress import CancelToken
from tests.labels.conftest import fill, put

SHAPE = (20, 24)


def probability(z):
    """Membrane above row 8, nothing below row 14, in between unclear; ``z`` only shifts the certain value."""
    values = np.zeros((2, *SHAPE), np.uint8)
    values[0, :8] = 250 - z
    values[0, 8:14] = 128
    return values


def propose(labels, slices, **options):
    return propose_labels(
        labels,
        probability,
        slices,
        class_values=(1, 2),
        by="ada",
        model="m:1",
        model_sha256="b" * 64,
        **options,
    )


def test_a_round_holds_what_the_model_is_sure_of(labels):
    progress = []
    made = propose(labels, [4, 2, 4], progress=lambda p: progress.append((p.done, p.total)))
    assert (made.slices, made.model, made.temperature) == ((2, 4), "m:1", 1.0)
    assert made.note.startswith("Classes from 0.75, background from 0.95. Not calibrated: 0 slices")
    assert progress == [(1, 2), (2, 2)]
    stored = PseudoLabels(labels).read(4)
    assert [int(v) for v in stored.labels[:, 0]] == [1] * 8 + [255] * 6 + [0] * 6
    strict = propose(labels, [4], thresholds=ConfidenceThresholds(foreground=0.99), is_calibrated=False)
    assert "Not calibrated: confidence is the model's own" in strict.note
    assert (PseudoLabels(labels).read(4).labels[:8] == 255).all()


def test_human_labels_set_the_temperature_and_hold_out_slices_do_not(labels):
    """People found membrane in half of what the model was sure of, so it is much too sure."""
    truth = np.zeros(SHAPE, np.uint8)
    truth[:8, ::2] = 1
    for z in (0, 1, 9):
        labels.change(SliceKey("z", z), put(truth), by="ada", tool="brush")
    found = calibrate_on_labels(labels, probability, class_values=(1, 2))
    assert (found.n_slices, found.is_fitted) == (3, True)
    assert found.temperature > 1.5
    PseudoLabels(labels).mark_hold_out([0, 9], by="ada")
    assert calibrate_on_labels(labels, probability, class_values=(1, 2)).n_slices == 1
    PseudoLabels(labels).unmark_hold_out([9], by="ada")
    made = propose(labels, [4])
    assert made.temperature > 1.5
    assert "Calibrated on 2 slices" in made.note


def test_the_hold_out_is_not_even_predicted(labels):
    PseudoLabels(labels).mark_hold_out([3], by="ada")
    asked = []
    with pytest.raises(HoldOutError, match="Proposing labels would touch"):
        propose_labels(
            labels, asked.append, [2, 3], class_values=(1,), by="ada", model="m:1", model_sha256="b" * 64
        )
    assert asked == []


def test_what_cannot_be_proposed_is_told(labels):
    with pytest.raises(SettingsError, match="no slice to propose"):
        propose(labels, [])
    labels.merge_classes(2, 1)
    with pytest.raises(SettingsError, match="merged into"):
        propose(labels, [1])
    token = CancelToken()
    token.cancel()
    labels.change_classes(lambda c: c.add("oil"))
    with pytest.raises(Cancelled):
        propose_labels(
            labels,
            probability,
            [1],
            class_values=(1, 3),
            by="ada",
            model="m:1",
            model_sha256="b" * 64,
            cancel=token,
        )
    assert PseudoLabels(labels).rounds() == ()


def test_few_of_many_labelled_slices_are_enough(tmp_path, classes):
    from sxt.labels import LabelSet

    many = LabelSet.create(tmp_path / "many", (40, *SHAPE), classes=classes)
    for z in range(40):
        many.change(SliceKey("z", z), fill(1, slice(0, 10)), by="ada", tool="brush")
    found = calibrate_on_labels(many, probability, class_values=(1, 2))
    assert found.n_slices == MAX_CALIBRATION_SLICES
