import json

import numpy as np
import pandas as pd
import pytest

from sxt.errors import InputError
from sxt.surface.mesh import ClassedMesh
from sxt.surface.scene import poly_data
from sxt.surface.scene_content import (
    SCENE_VERSION,
    SceneClass,
    as_script,
    describe_scene,
    is_current,
    list_columns,
    parse_classes,
    viridis,
)

MEMBRANE = SceneClass(1, "</script><b>wall</b>", "#112233")


@pytest.fixture
def surface(two_objects):
    return poly_data(ClassedMesh(two_objects.display, two_objects.table["class"].to_numpy(), "nm"))


def describe(surface, **changes):
    settings = {"scale": 1e-3, "unit": "µm", "colour_by": "component", "title": "cell"}
    return describe_scene(surface, **(settings | changes))


def test_offsets_say_where_each_component_lies(surface, two_objects):
    content = describe(surface, table=two_objects.table)
    assert content["vertex_offsets"] == two_objects.display.vertex_offsets.tolist()
    assert content["face_offsets"] == two_objects.display.face_offsets.tolist()
    assert content["class_of"] == [1, 2]
    assert content["colours"][:2] == ["#E69F00", "#56B4E9"]


def test_a_component_without_faces_has_a_place_of_no_length(surface, two_objects):
    table = pd.concat([two_objects.table, two_objects.table.tail(1).assign(id=3)], ignore_index=True)
    content = describe(surface, table=table)
    assert len(content["face_offsets"]) == 4
    assert content["face_offsets"][2] == content["face_offsets"][3] == len(two_objects.display.faces)


def test_measurements_have_labels_and_units(surface, two_objects):
    table = two_objects.table.assign(mean_grey=[12.3456789, np.nan])
    columns = {each["name"]: each for each in describe(surface, table=table)["columns"]}
    assert (columns["volume_um3"]["label"], columns["volume_um3"]["unit"]) == ("volume", "µm³")
    assert columns["mean_grey"]["values"] == [12.346, None]
    assert columns["touches_border"]["is_flag"]
    assert columns["voxels"]["values"] == table["voxels"].tolist()
    assert not {"id", "class", "min_z", "std_grey"} & set(columns)


def test_columns_without_a_unit_keep_their_name():
    assert [each.heading for each in list_columns(["id", "area_px2", "mean_grey"])] == [
        "area, px²",
        "mean grey",
    ]


def test_classes_keep_their_names_and_others_are_numbered(surface, two_objects):
    content = describe(surface, table=two_objects.table, classes=[MEMBRANE])
    assert [each["name"] for each in content["classes"]] == [MEMBRANE.name, "class 2"]
    assert parse_classes(json.dumps(content["classes"][:1])) == (MEMBRANE,)


def test_a_mesh_of_other_surfaces_is_refused(surface, two_objects):
    with pytest.raises(InputError, match="not that of the table"):
        describe(surface, table=two_objects.table.head(1))


def test_text_cannot_end_the_script_element():
    text = as_script({"title": "</script><script>alert(1)\u2028"})
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"title": "</script><script>alert(1)\u2028"}


def test_the_colour_map_runs_from_violet_to_yellow():
    colours = viridis()
    assert colours[0].tolist() == [68, 1, 84]
    assert colours[-1].tolist() == [253, 231, 36]


def test_a_page_is_current_where_its_head_says_so(tmp_path):
    page = tmp_path / "scene.html"
    assert not is_current(page)
    page.write_text("<html></html>")
    assert not is_current(page)
    page.write_text(f'<head><meta name="sxt-scene" content="{SCENE_VERSION}" /></head>')
    assert is_current(page)
