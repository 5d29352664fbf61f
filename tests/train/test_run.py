"""Whole trainings with tiny networks."""

import collections
import dataclasses
import functools
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from sxt.errors import Cancelled, ResourceError, SettingsError
from sxt.models import Familiarity, load_model
from sxt.network import DoubleDecoder
from sxt.progress import CancelToken
from sxt.segment import segment_tomogram
from sxt.segment.familiarity import FEATURE_NAMES, describe_tomogram
from sxt.train import (
    DivergedError,
    LeakageError,
    PaperRecipe,
    RunFolder,
    SplitSettings,
    SupervisedRecipe,
)
from sxt.train.folder import load_tensors
from sxt.train.measure import Measurer
from sxt.train.prepare import prepare_data
from tests.train.conftest import TINY, draw_cell, make_settings, make_tomogram, small_semi, train

RECIPES = {
    "supervised": SupervisedRecipe(crop_px=16, batch_crops=2),
    "semi": small_semi(),
    "paper": PaperRecipe(crop_px=16),
}


def weights_of(version):
    return load_model(version.spec, root=version.path.parents[1]).network.state_dict()


def assert_same_weights(first, second):
    found = weights_of(second)
    for name, tensor in weights_of(first).items():
        assert torch.equal(tensor, found[name]), name


WITH_NEIGHBOURS = dataclasses.replace(TINY, in_channels=3, dropout=0.2)


@pytest.mark.parametrize(
    ("recipe", "n_classes", "network"),
    [*((name, 1, TINY) for name in RECIPES), *((name, 2, WITH_NEIGHBOURS) for name in RECIPES)],
    ids=[f"{name}, {form}" for form in ("one class", "two classes, neighbours, dropout") for name in RECIPES],
)
def test_every_recipe_makes_a_version_that_segments(tmp_path, recipe, n_classes, network):
    cells = [make_tomogram(n_classes=n_classes), make_tomogram(2, name="free", slices=())]
    version = train(tmp_path, cells, make_settings(RECIPES[recipe], network=network, steps=4))
    assert (version.spec, version.recipe, version.parent) == ("rings:1", recipe, None)
    model = load_model(version.spec, root=tmp_path / "models")
    assert [each.value for each in model.config.classes] == list(range(1, n_classes + 1))
    assert model.config.metrics["hold_out_slices"] == 1
    assert {"trained on slices 1, 4; held out slices 20", "free, SHA-256 unknown, unlabelled"} <= {
        part
        for key, text in model.config.training.items()
        if key.startswith("tomogram")
        for part in (text, "; ".join(text.split("; ")[1:3]))
    }
    segmentation = segment_tomogram(cells[0].tomogram, model, device="cpu")
    assert segmentation.mask.shape == (24, 32, 32)
    curves = (version.path / "curves.csv").read_text().splitlines()
    assert curves[0].startswith("step,seconds,round,learning_rate,loss")
    assert len(curves) >= 4


def test_the_same_seed_gives_the_same_weights(tmp_path):
    settings = [make_settings(small_semi(), steps=2, seed=seed) for seed in (1, 1, 2)]
    first, second, other = (train(tmp_path / str(n), settings=each) for n, each in enumerate(settings))
    assert_same_weights(first, second)
    assert not torch.equal(*(weights_of(each)["label_head.1.0.weight"] for each in (first, other)))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_half_precision_trains_too(tmp_path, recipe):
    settings = make_settings(recipe, steps=2, precision="bf16")
    version = train(tmp_path, settings=settings)
    assert (
        load_model(version.spec, root=tmp_path / "models").config.training["hardware"].startswith("CPU, bf16")
    )


def test_what_is_varied_for_half_precision_is_drawn_in_full():
    from tests.train.test_objectives import make_batches

    batches = make_batches(RECIPES["semi"])
    plain = batches.labelled(3, [0, 1])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(batches.labelled(3, [0, 1]).values, plain.values)


def test_a_version_continues_from_its_parent_and_says_so(tmp_path):
    first = train(tmp_path, settings=make_settings(steps=4))
    parent = load_model(first.spec, root=tmp_path / "models")
    second = train(tmp_path / "next", parent=parent, settings=make_settings(steps=2))
    assert second.parent == "rings:1"
    assert second.metrics["parent_dice"] == first.metrics["dice"]
    anew, tuned = parent.config.training, load_model(second.spec, root=second.path.parents[1]).config.training
    assert (anew["optimiser"], anew["peak learning rate"]) == ("Muon", 1e-2)
    assert (tuned["optimiser"], tuned["peak learning rate"]) == ("AdamW", 5e-4)


def test_a_version_knows_the_tomograms_it_was_fine_tuned_on(tmp_path):
    first = train(tmp_path, settings=make_settings(steps=4))
    plain = load_model(first.spec, root=tmp_path / "models")
    n = len(FEATURE_NAMES)
    far = Familiarity(FEATURE_NAMES, (100.0,) * n, tuple(map(tuple, np.eye(n).tolist())), limit=3.0)
    parent = dataclasses.replace(plain, config=dataclasses.replace(plain.config, familiarity=far))
    second = train(tmp_path / "next", parent=parent, settings=make_settings(steps=2))
    made = load_model(second.spec, root=tmp_path / "next" / "models")
    features = describe_tomogram(make_tomogram().tomogram, made.config)
    assert far.distance(features) > 100
    assert made.config.familiarity.distance(features) < 0.5
    assert plain.config.familiarity is None


def test_a_new_class_keeps_the_channel_of_the_old_one(tmp_path):
    from sxt.train.start import build_start, choose_form, name_class

    first = train(tmp_path, settings=make_settings(steps=2))
    parent = load_model(first.spec, root=tmp_path / "models")
    classes = (name_class(2), name_class(1))
    form = choose_form({}, parent, make_settings(), classes)
    network = build_start(form, parent, batch_norm_momentum=0.1, device=torch.device("cpu"))
    old, new = parent.network.label_head[2].weight, network.label_head[2].weight
    assert torch.equal(new[1], old[0])
    assert not torch.equal(new[0], old[0])


def test_a_cancelled_training_goes_on_to_the_same_result(tmp_path):
    settings = make_settings(small_semi(), steps=6, n_validations=3)
    whole = train(tmp_path / "whole", settings=settings)
    cancel = CancelToken()
    seen = []

    def stop_at_step_three(progress):
        seen.append(progress)
        if progress.stage == "train" and progress.done == 3:
            cancel.cancel()

    with pytest.raises(Cancelled):
        train(tmp_path / "cut", settings=settings, progress=stop_at_step_three, cancel=cancel)
    assert max(each.done for each in seen if each.stage == "train") <= 4
    assert not (tmp_path / "cut" / "models").exists()
    cut = train(tmp_path / "cut", settings=settings)
    assert_same_weights(whole, cut)
    assert (cut.rounds, cut.metrics) == (whole.rounds, whole.metrics)


def test_a_finished_training_is_not_done_again(tmp_path):
    first = train(tmp_path)
    assert train(tmp_path) == first
    assert sorted(path.name for path in (tmp_path / "models" / "rings").iterdir()) == ["1"]


def test_another_training_in_the_same_folder_is_refused(tmp_path):
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        train(tmp_path, progress=lambda p: cancel.cancel() if p.stage == "train" else None, cancel=cancel)
    with pytest.raises(SettingsError, match="other settings"):
        train(tmp_path, settings=make_settings(seed=1))


def test_a_training_that_is_stopped_keeps_what_it_has(tmp_path):
    run = RunFolder(tmp_path / "run")

    def stop(progress):
        if progress.stage == "train" and progress.done == 3:
            run.request_stop()

    version = train(tmp_path, settings=make_settings(small_semi(), steps=50), progress=stop)
    assert version.steps == 4
    assert any("stopped before" in note for note in version.notes)
    assert not run.stop_flag.exists()


def test_a_full_memory_lowers_the_crops_at_a_time(tmp_path, monkeypatch):
    forward = DoubleDecoder.label_logit

    def with_little_memory(self, x):
        if self.training and len(x) > 1:
            raise torch.OutOfMemoryError("no memory")
        return forward(self, x)

    settings = make_settings(SupervisedRecipe(crop_px=16, batch_crops=4), steps=2)
    monkeypatch.setattr(DoubleDecoder, "label_logit", with_little_memory)
    version = train(tmp_path / "small", settings=settings)
    assert [note for note in version.notes if "1 crops at a time" in note]
    monkeypatch.undo()
    one_by_one = dataclasses.replace(settings, crops_at_a_time=1)
    assert_same_weights(version, train(tmp_path / "one", settings=one_by_one))


def test_too_little_memory_for_one_crop_is_said(tmp_path, monkeypatch):
    def without_memory(self, x):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("sxt.train.loop.Measurer.scores", lambda *_: pytest.fail("not reached"))
    monkeypatch.setattr(DoubleDecoder, "label_logit", without_memory)
    settings = make_settings(split=SplitSettings("none"))
    with pytest.raises(ResourceError, match="one crop of 16 px"):
        train(tmp_path, settings=settings)


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    forward = DoubleDecoder.label_logit
    calls = []

    def broken_later(self, x):
        calls.append(self.training)
        return forward(self, x) * (float("nan") if self.training and sum(calls) > 4 else 1)

    monkeypatch.setattr(DoubleDecoder, "label_logit", broken_later)
    with pytest.raises(DivergedError, match=r"loss is nan .* at step 5"):
        train(tmp_path, settings=make_settings(steps=8, n_validations=8))
    tensors, state = load_tensors(tmp_path / "run" / "last.safetensors")
    assert state["step"] == 4
    assert all(torch.isfinite(each).all() for each in tensors.values())


def test_no_gain_for_long_ends_a_stretch(tmp_path, monkeypatch):
    monkeypatch.setattr("sxt.train.measure.score", lambda pooled, name: np.array([0.5]))
    settings = make_settings(steps=40, n_validations=20, patience=2)
    version = train(tmp_path, settings=settings)
    assert version.steps == 6
    assert any("No gain on the hold-out in 2 looks" in note for note in version.notes)


def test_rings_are_learned_from_labels_alone(tmp_path):
    recipe = SupervisedRecipe(crop_px=32, batch_crops=4, learning_rate=6e-2, average_decay=0.8)
    network = dataclasses.replace(TINY, stage_widths=(4, 8))
    version = train(tmp_path, settings=make_settings(recipe, steps=40, network=network))
    assert version.metrics["dice"] > 0.8


def test_rings_are_learned_and_rounds_end_where_they_do_not_help(tmp_path):
    recipe = small_semi(
        crop_px=32,
        batch_crops=4,
        learning_rate=6e-2,
        average_decay=0.8,
        consistency_weight=0.0,
        round_share=0.15,
        sure_foreground=0.4,
        sure_background=0.3,
    )
    network = dataclasses.replace(TINY, stage_widths=(4, 8))
    version = train(tmp_path, settings=make_settings(recipe, steps=50, network=network))
    first = version.rounds[0]
    assert first["voxels"] > first["foreground_voxels"] > 0
    best = max([first["dice_before"], *(each["dice_after"] for each in version.rounds)])
    assert version.metrics["dice"] == pytest.approx(best, abs=1e-3)
    assert version.metrics["dice"] > 0.4
    assert (tmp_path / "run" / "best-0.safetensors").exists()
    for each in version.rounds:
        assert each["is_kept"] == (each["dice_after"] > each["dice_before"])


def test_previews_show_held_out_slices_with_their_errors(tmp_path):
    train(tmp_path)
    run = RunFolder(tmp_path / "run")
    told = run.read_json(run.previews / "previews.json")
    assert [(each["tomogram"], each["z"]) for each in told["slices"]] == [("cell", 20)]
    picture = np.asarray(Image.open(run.previews / "slice-1.png"))
    assert picture.shape == (32, 32, 3)


def test_a_planted_duplicate_stops_the_training(tmp_path):
    cells = [make_tomogram(seed, name=name) for seed, name in ((1, "a"), (2, "b"), (1, "c"))]
    with pytest.raises(LeakageError, match="shows the same"):
        train(tmp_path, cells, make_settings(split=SplitSettings("tomogram")))


def test_labels_without_the_classes_of_the_start_are_refused(tmp_path):
    first = train(tmp_path, settings=make_settings(steps=2))
    parent = load_model(first.spec, root=tmp_path / "models")
    _, labels = draw_cell(1)
    cell = make_tomogram()
    other = dataclasses.replace(cell, labels=type(cell.labels)({1: labels[1] * np.uint8(7)}))
    with pytest.raises(SettingsError, match="values 1, but the labels hold 7"):
        train(tmp_path / "next", [dataclasses.replace(other, _read_labels={})], parent=parent)


def test_minutes_are_those_of_reading_training_and_measuring(tmp_path, monkeypatch):
    seconds, scores = itertools.count(), Measurer.scores

    def after(n_seconds, function, *arguments, **options):
        collections.deque(itertools.islice(seconds, n_seconds), 0)
        return function(*arguments, **options)

    monkeypatch.setattr("sxt.train.run.monotonic", lambda: next(seconds))
    monkeypatch.setattr("sxt.train.run.prepare_data", functools.partial(after, 20, prepare_data))
    monkeypatch.setattr(Measurer, "scores", functools.partialmethod(lambda *a: after(9, scores, *a)))
    version = train(tmp_path, settings=make_settings(steps=None, minutes=1.5))
    assert 30 < 60 * version.minutes < 90 - 20 - 3 * 9
    assert 80 < next(seconds) < 100
