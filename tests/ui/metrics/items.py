"""A labelled tomogram, two versions that differ in their threshold alone, and comparisons of them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sxt.labels import SliceKey
from sxt.metrics import EvaluationSettings, StatisticsSettings
from sxt.models import Model, ModelClass, ModelConfig, save_model
from sxt.network import NetworkConfig
from sxt.network.double_decoder import build_network
from sxt.ui.metrics.studies import StoredStudy, list_studies
from sxt.workspace import TomogramManifest, Workspace
from sxt.workspace.evaluating import (
    ComparisonRequest,
    ModelUse,
    compare_in_workspace,
    comparison_folder,
    comparison_id,
)
from tests.ui.items import add_tomogram
from tests.workspace.conftest import PointwiseNetwork

SHAPE = (8, 40, 44)
LABELLED = (2, 3, 5, 6)
QUICK = StatisticsSettings(n_resamples=100)
SMALL = NetworkConfig(
    stem_width=4, stage_widths=(4, 8), neck_width=8, head_width=4, neck_depth=1, n_classes=1
)


@dataclass(frozen=True)
class Bench:
    """What is compared with what; comparisons that were made once, anywhere, are kept in ``kept``."""

    workspace: Workspace
    tomogram: TomogramManifest
    uses: tuple[ModelUse, ...]
    kept: Path
    source: Path

    def compare(self, **changes) -> StoredStudy:
        """Compare, and return what is stored."""
        given = {
            "tomogram_ids": (self.tomogram.id,),
            "models": tuple(each.spec for each in self.uses),
            "statistics": QUICK,
            "settings": EvaluationSettings(min_voxels=1),
        }
        request = ComparisonRequest(**given | changes)
        uses = tuple(each for each in self.uses if each.spec in request.models)
        wanted = comparison_id(self.workspace, request, uses)
        final, kept = comparison_folder(self.workspace, wanted), self.kept / wanted
        if kept.is_dir() and not final.exists():
            shutil.copytree(kept, final, copy_function=shutil.copyfile)
        found = compare_in_workspace(self.workspace, request, uses, segment=self.segment, by="ada")
        if not kept.exists():
            shutil.copytree(final, kept)
        return next(each for each in list_studies(self.workspace) if each.id == found)

    def segment(self, tomogram_id: str, use: ModelUse):
        model = Model(PointwiseNetwork().eval(), use.config, self.workspace.root)
        return self.workspace.segment(tomogram_id, model, device="cpu", by="ada")


def make_bench(workspace: Workspace, folder: Path, *, name: str = "Zelle *7* <b>µ</b>") -> Bench:
    """Bring in a tomogram with a dark and a bright box, labels of four slices, and two versions."""
    grey = np.random.default_rng(0).normal(120, 6, SHAPE)
    grey[:, 8:20, 10:30] -= 60
    grey[:, 26:34, 6:16] += 60
    tomogram = add_tomogram(
        workspace, folder, grey.clip(0, 255).astype("u1"), name=name, voxel_size_nm=(20, 10, 10)
    )
    labels = workspace.open_labels(tomogram.id, by="ada")
    truth = np.zeros(SHAPE[1:], np.uint8)
    truth[8:20, 10:26] = 1
    truth[2:5, 36:40] = 1
    truth[26:34, 6:16] = 3
    for z in LABELLED:
        labels.change(SliceKey("z", z), lambda old: truth, by="ada", tool="brush")
    uses = (make_use("1", 0.5), make_use("2", 0.62))
    return Bench(workspace, tomogram, uses, folder / "kept", folder / "cell.npy")


def make_use(version: str, threshold: float, **changes) -> ModelUse:
    """Return a version of the pointwise network, which is not in the workspace's models."""
    config = ModelConfig(
        name="known",
        version=version,
        network=NetworkConfig(n_classes=2),
        classes=(ModelClass(1, "membrane", "#E69F00"), ModelClass(3, "lipid droplet", "#F0E442")),
        created="2026-01-31",
        weights_sha256=version * 64,
        **{"parent": "known:1" if version != "1" else None, **changes},
    )
    return ModelUse(config, threshold)


def save_small_model(workspace: Workspace, name: str, **changes) -> str:
    """Save a small network as a version of the workspace; returns its spec."""
    config = ModelConfig(
        name=name,
        version="1",
        network=SMALL,
        classes=(ModelClass(1, "membrane", "#E69F00"),),
        created="2026-01-31",
        **changes,
    )
    save_model(workspace.models_root, config, build_network(SMALL))
    return config.spec
