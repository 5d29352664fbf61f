import json

import numpy as np
import pytest
import pyvista as pv

from sxt.surface.mesh import ClassedMesh
from sxt.surface.mesh_files import write_vtp
from sxt.surface.scene import main
from sxt.surface.scene_content import is_current
from sxt.surface.scene_slices import MOST_VOXELS, SliceVolume, save_slices

SIZE_BUDGET_BYTES = 15_000_000
"""Of the offline page of 200 000 triangles with as many grey values as a scene may carry."""


def content_of(page: str) -> dict:
    start = page.index('id="sxt-scene">') + len('id="sxt-scene">')
    return json.loads(page[start : page.index("</script>", start)])


def test_the_page_carries_table_classes_and_slices(two_objects, tmp_path):
    write_vtp(
        tmp_path / "mesh.vtp",
        ClassedMesh(two_objects.display, two_objects.table["class"].to_numpy(), "nm"),
    )
    two_objects.table.to_csv(tmp_path / "components.csv", index=False)
    grey = np.full((24, 40, 60), 99, np.uint8)
    save_slices(tmp_path / "slices.npz", SliceVolume(grey, (-5, -5, -10), (595, 395, 470)))
    name = '<img src="https://elsewhere.org/x.png">'
    classes = json.dumps([{"value": 1, "name": name, "colour": "#E69F00"}])
    page = tmp_path / "scene.html"
    options = ["--table", str(tmp_path / "components.csv"), "--slices", str(tmp_path / "slices.npz")]
    main(
        [
            str(tmp_path / "mesh.vtp"),
            "--html",
            str(page),
            *options,
            f"--classes={classes}",
            "--title=- cell -",
        ]
    )
    text = page.read_text("utf-8")
    content = content_of(text)
    assert is_current(page)
    assert name not in text
    assert content["classes"][0]["name"] == name
    assert content["title"] == "- cell -"
    assert content["slices"]["shape"] == [24, 40, 60]
    assert content["slices"]["high"] == pytest.approx([0.595, 0.395, 0.47])
    assert [each["name"] for each in content["columns"]][:2] == ["voxels", "volume_um3"]


def test_a_full_scene_stays_within_the_size_budget(tmp_path):
    ball = pv.Icosphere(radius=4000, nsub=7)  # 327 680 faces
    faces = ball.regular_faces[:200_000]
    surface = pv.PolyData.from_regular_faces(np.asarray(ball.points, np.float32), faces).clean()
    noise = np.random.default_rng(0).normal(0, 3, (surface.n_points, 3)).astype(np.float32)
    surface.points = surface.points + noise
    surface.point_data["Normals"] = (surface.points / np.linalg.norm(surface.points, axis=1)[:, None]).astype(
        "f4"
    )
    surface.point_data["component_id"] = np.ones(surface.n_points, np.int32)
    surface.point_data["class"] = np.ones(surface.n_points, np.int32)
    surface.save(tmp_path / "mesh.vtp")
    depth = MOST_VOXELS // 256**2
    grey = np.random.default_rng(1).normal(128, 40, (depth, 256, 256)).clip(0, 255).astype(np.uint8)
    save_slices(tmp_path / "slices.npz", SliceVolume(grey, (-4000,) * 3, (4000,) * 3))
    main(
        [
            str(tmp_path / "mesh.vtp"),
            "--html",
            str(tmp_path / "scene.html"),
            "--slices",
            str(tmp_path / "slices.npz"),
        ]
    )
    assert surface.n_cells == 200_000
    assert (tmp_path / "scene.html").stat().st_size < SIZE_BUDGET_BYTES
