"""The script that trains the shipped model, with few steps and small cells."""

import dataclasses
import importlib.util
import sys

import pytest

from sxt.models import load_model
from tests.layers import REPOSITORY
from tests.train.conftest import TINY


@pytest.fixture
def shipped(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    place = importlib.util.spec_from_file_location(
        "train_shipped", REPOSITORY / "scripts" / "train_shipped.py"
    )
    module = importlib.util.module_from_spec(place)
    monkeypatch.setitem(sys.modules, place.name, module)
    place.loader.exec_module(module)
    return module


def test_the_shipped_model_is_trained_in_phases_from_simulated_cells(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "report", lambda text: None)
    settings = shipped.ShippedSettings(
        network=TINY,
        cell_shape=(4, 24, 24),
        phases=(
            shipped.Phase(2, 1e-3, range(1, 2)),
            shipped.Phase(1, 5e-4, range(1, 2), range(11, 12)),
        ),
        varied_test_seeds=range(21, 22),
        standard_test_seeds=range(22, 23),
    )
    settings = dataclasses.replace(
        settings, recipe=dataclasses.replace(settings.recipe, crop_px=16, batch_crops=2)
    )
    path = shipped.make_version(tmp_path / "work", tmp_path / "weights", version="7", settings=settings)
    config = load_model("membrane:7", root=tmp_path / "weights").config
    assert (path.name, config.pixel_size_nm, config.parent) == ("7", 20.0, None)
    assert config.training["phase 2"] == (
        "1 steps, learning rate 0.0005; 1 cells with all settings drawn, seeds 1 to 1; 1 at the standard settings, "
        "seeds 11 to 11"
    )
    assert {"dice", "dice_varied_settings", "dice_varied_settings_lowest"} <= config.metrics.keys()
    rows = [line.split(",") for line in (path / "curves.csv").read_text().splitlines()[1:]]
    assert [(row[0], row[2]) for row in rows] == [("1", "0"), ("2", "0"), ("3", "1")]
    assert [row[6] != "" for row in rows] == [True, False, True]
    assert {each.name for each in (tmp_path / "work" / "cells").iterdir()} == {"cell-1.npz", "cell-11.npz"}
    again = shipped.train_phase(2, tmp_path / "work", settings)
    assert again.parent == "membrane-phase:1"


def test_cells_of_varied_seeds_have_every_setting_drawn(shipped):
    settings = shipped.SETTINGS
    varied, standard = settings.phantom(1_003), settings.phantom(2_003)
    assert standard == dataclasses.replace(
        type(standard)(settings.cell_shape), voxel_size_nm=standard.voxel_size_nm
    )
    assert varied.specimen != standard.specimen
    assert settings.phantom(9_001).specimen != standard.specimen
