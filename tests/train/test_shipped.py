"""The script that trains the shipped versions, with few steps and small cells."""

import dataclasses
import importlib
import math
import sys

import numpy as np
import pytest

from sxt.models import load_model
from sxt.phantom import AcquisitionSettings, PhantomSettings
from sxt.tomogram import Tomogram
from tests.layers import REPOSITORY
from tests.train.conftest import TINY

MODULES = ("held_out", "simulated_cells", "shipped_plans", "shipped_card", "train_shipped")


@pytest.fixture
def shipped(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(REPOSITORY / "scripts"), *sys.path])
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module("train_shipped")
    monkeypatch.setattr(module, "report", lambda text: None)
    yield module
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def small(shipped, monkeypatch):
    """The settings with everything made small."""
    cells = sys.modules["simulated_cells"]
    monkeypatch.setattr(cells, "DEPTH_PX", 4)
    monkeypatch.setattr(cells, "SMALLEST_SIDE_PX", 24)
    monkeypatch.setattr(cells, "SMALLEST_SIDE_NM", 200.0)
    quick = AcquisitionSettings(tilt_step_deg=10.0)
    held_out = shipped.held_out
    conditions = [
        held_out.Condition("standard, 20 nm", ((PhantomSettings((4, 32, 32), 20.0, acquisition=quick), 90),)),
        held_out.Condition(
            "shrunk", ((PhantomSettings((4, 32, 32), 20.0, acquisition=quick), 90),), held_out._shrink
        ),
    ]
    cells_of = {"drawn": range(21, 21 + N_DRAWN), "standard": range(11, 12)}

    plans = sys.modules["shipped_plans"]
    membrane = (
        plans.Phase(("membrane",), 2, 1e-3, cells_of, crop_px=16, batch_crops=2),
        plans.Phase(("membrane",), 3, 5e-4, cells_of, clip_share=0.5, crop_px=32, batch_crops=1),
    )
    organelles = (
        plans.Phase(
            plans.ALL_CLASSES, 2, 5e-4, cells_of, labelled_bead_share=0.25, crop_px=32, batch_crops=1
        ),
    )

    def plan(name, phases):
        return dataclasses.replace(plans.VERSIONS[name], network=TINY, phases=phases)

    return plans.ShippedSettings(
        versions={"membrane": plan("membrane", membrane), "organelles": plan("organelles", organelles)},
        conditions=tuple(conditions),
    )


N_DRAWN = 6


def test_a_version_comes_from_its_phases_one_after_the_other(shipped, small, tmp_path):
    made = {
        name: shipped.make_version(
            name,
            tmp_path / "work",
            tmp_path / "weights",
            version="7",
            settings=small,
            notes="## Tried\n\nless",
        )
        for name in ("membrane", "organelles")
    }
    phases = sorted(each.name for each in (tmp_path / "work" / "phases").iterdir())
    assert phases == ["membrane-1", "membrane-2", "organelles-1"]
    membrane, organelles = (load_model(f"{name}:7", root=tmp_path / "weights").config for name in made)
    assert [each.name for each in membrane.classes] == ["membrane"]
    assert (membrane.threshold, organelles.threshold) == (0.45, 0.5)
    assert [each.name for each in organelles.classes] == list(sys.modules["shipped_plans"].ALL_CLASSES)
    assert membrane.training["phase 1"] == (
        "membrane: 2 steps of 2 crops of 16 px, learning rate 0.001; cells: 6 with all settings drawn, seeds 21 to 26; "
        "1 at the standard settings, seeds 11 to 11"
    )
    assert organelles.training["phase 1"] == membrane.training["phase 1"]
    assert "learning rate 0.0005, 50% of the crops clipped; cells" in membrane.training["phase 2"]
    assert organelles.training["phase 3"].startswith(
        "membrane, mitochondrion, lipid droplet, gold bead: 2 steps of 1 crops of 32 px, learning rate 0.0005, 25% "
        "with beads added; cells"
    )
    assert membrane.metrics.keys() == {
        "dice",
        "dice_lowest",
        "dice_with_missing_wedge",
        "surface_dice_one_voxel",
    }
    assert membrane.metrics.keys() < organelles.metrics.keys()
    assert "dice_mitochondrion" in organelles.metrics
    assert membrane.familiarity is not None
    assert membrane.familiarity.limit > 0
    rows = [line.split(",") for line in (made["membrane"] / "curves.csv").read_text().splitlines()[1:]]
    assert [(row[0], row[2]) for row in rows] == [("1", "0"), ("2", "0"), ("3", "1"), ("4", "1"), ("5", "1")]
    rows = [line.split(",") for line in (made["organelles"] / "curves.csv").read_text().splitlines()[1:]]
    assert [(row[0], row[2]) for row in rows][4:] == [("5", "1"), ("6", "2"), ("7", "2")]
    assert membrane.training["optimiser"] == "Muon with warm-up and cosine in each phase"
    card = (made["organelles"] / "card.md").read_text()
    assert "| cells | membrane Dice | mitochondrion Dice | lipid droplet Dice | gold bead Dice |" in card
    assert card.endswith("## Tried\n\nless\n")
    assert (made["membrane"] / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_version_measured_again_keeps_all_but_its_figures(shipped, small, tmp_path):
    folders = (tmp_path / "work", tmp_path / "weights")
    path = shipped.make_version(
        "membrane", *folders, version="7", settings=small, notes="## Tried\n\nless\n\n## More"
    )
    before, card = load_model("membrane:7", root=folders[1]).config, (path / "card.md").read_text()
    assert shipped.measure_again("membrane:7", *folders, settings=small) == path
    assert (path / "card.md").read_text() == card
    harder = dataclasses.replace(small, conditions=small.conditions[:1])
    shipped.measure_again("membrane:7", *folders, settings=harder)
    after = load_model("membrane:7", root=folders[1]).config
    assert after == dataclasses.replace(before, metrics=after.metrics)
    remeasured = (path / "card.md").read_text()
    assert "| shrunk (1) |" in card
    assert "| shrunk (1) |" not in remeasured
    assert remeasured.endswith("## Tried\n\nless\n\n## More\n")


def test_cells_have_the_voxels_that_were_drawn(shipped):
    plan = sys.modules["simulated_cells"].CellPlan
    standard, drawn = (plan(1_003, kind).settings for kind in ("standard", "drawn"))
    assert standard == PhantomSettings(standard.shape, standard.voxel_size_nm)
    assert drawn.voxel_size_nm == standard.voxel_size_nm
    assert drawn.specimen != standard.specimen
    assert drawn.shape[1] * drawn.voxel_zyx_nm[1] >= 4000


@pytest.mark.parametrize("seed", [1_003, 1_004, 1_005])
def test_large_cells_fill_a_large_tile(shipped, seed):
    plan = sys.modules["simulated_cells"].CellPlan
    large, beads = (plan(seed, kind) for kind in ("large", "large with beads"))
    _, height_px, width_px = large.settings.shape
    voxel_nm = large.settings.voxel_zyx_nm[2]
    assert height_px == width_px == max(320, math.ceil(7700 / voxel_nm))
    assert 15 <= voxel_nm <= 30
    assert beads.settings.shape == large.settings.shape
    assert beads.settings.specimen.beads_per_um3 >= 0.3
    assert beads.settings.specimen.mitochondria_per_um3 == large.settings.specimen.mitochondria_per_um3
    assert beads.settings.reconstruction.filter_name == large.settings.reconstruction.filter_name
    assert beads.file_name == f"large-with-beads-{seed}.npz"


def test_conditions_outside_lie_outside_and_no_seed_was_trained_on(shipped):
    conditions = shipped.SETTINGS.conditions
    assert sum(each.is_outside for each in conditions) == 4
    tested = {seed for each in conditions for _, seed in each.cells}
    phases = [phase for version in shipped.VERSIONS.values() for phase in version.phases]
    trained = {plan.seed for phase in phases for plan in phase.plans}
    assert tested.isdisjoint(trained)


def test_what_is_done_to_cells_keeps_labels_on_them(shipped):
    held_out = shipped.held_out
    labels = np.zeros((2, 8, 8), np.uint8)
    labels[:, 2:6, 4:8] = 3
    tomogram = Tomogram(
        np.where(labels, 20, 200).astype(np.uint8), voxel_size_nm=(15.0,) * 3, absorbing_is="dark"
    )
    for change, pixel_nm in (
        (held_out._magnify, 7.5),
        (held_out._shrink, 30.0),
        (held_out._clip, 15.0),
    ):
        changed, its_labels = change(tomogram, labels)
        assert changed.voxel_size_nm == (15.0, pixel_nm, pixel_nm)
        grey = np.asarray(changed.data[:]).astype(float)
        assert ((grey < grey.mean()) == (its_labels == 3)).all()
    inverted, _ = held_out._invert(tomogram, labels)
    assert inverted.absorbing_is is None
    assert ((np.asarray(inverted.data[:]) > 100) == (labels == 3)).all()
