import numpy as np

from sxt.ui.jobs_panel.disk import measure_disk
from sxt.workspace import folder_bytes
from tests.ui.items import add_tomogram


def test_the_report_adds_up_to_what_lies_on_the_disk(opened, tmp_path):
    workspace = opened.workspace
    kept = add_tomogram(workspace, tmp_path, np.random.default_rng(0).integers(0, 99, (4, 32, 32), "u1"))
    gone = add_tomogram(workspace, tmp_path, np.random.default_rng(1).integers(0, 99, (4, 32, 32), "u1"))
    workspace.delete("tomogram", gone.id, by="ada")
    (workspace.models_root / "a" / "1").mkdir(parents=True)
    (workspace.models_root / "a" / "1" / "weights.safetensors").write_bytes(bytes(5000))
    report = measure_disk(workspace)
    assert report.by_kind["tomograms"] == folder_bytes(workspace.tomograms.path(kept.id))
    assert report.by_kind["model versions"] == 5000
    assert report.by_kind["trash"] > 1000
    assert list(report.by_kind.values()) == sorted(report.by_kind.values(), reverse=True)
    assert {(name, kind) for name, kind, _ in report.largest} == {("cell", "tomogram"), ("cell", "trash")}
    assert 0 < report.free_bytes <= report.total_bytes
