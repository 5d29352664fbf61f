import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sxt.errors import ResourceError
from sxt.ui.selection import STATE_KEY
from tests.conftest import REPOSITORY
from tests.ui.items import add_tomogram
from tests.ui.surface.conftest import SHAPE, add_boxes, add_boxes_surface

PAGE = REPOSITORY / "pages" / "surface.py"


def open_page(tomogram=None, segmentation=None, asked=None):
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.session_state[STATE_KEY] = {"tomogram": tomogram, "segmentation": segmentation}
    if asked is not None:
        app.query_params["surface"] = asked
    return run(app)


def open_surface(surface, **changes):
    return open_page(surface.tomogram_id, surface.segmentation_id, **changes)


def run(app):
    app.run()
    assert not app.exception
    return app


def text_of(app):
    return "\n".join(each.value for each in (*app.markdown, *app.caption, *app.info, *app.warning))


def address_of(app):
    """The surface in the address; a list where the test wrote it, text where the page did."""
    found = app.query_params["surface"]
    return found[0] if isinstance(found, list) else found


def find(widgets, label):
    return next(each for each in widgets if each.label == label)


@pytest.fixture
def segmentation(opened, tmp_path):
    return add_boxes(opened.workspace, tmp_path, name="Zelle <b>7</b> _µ_")


@pytest.fixture
def surface(opened, segmentation, monkeypatch):
    """A surface on a machine that cannot draw, which is quicker; the browser's tests draw."""

    def fail(*_args, **_options):
        raise ResourceError("Nothing can be drawn; install libegl1.")

    monkeypatch.setattr("sxt.ui.surface.explore.redraw_scene", fail)
    return add_boxes_surface(opened.workspace, segmentation)


def test_without_a_tomogram_the_next_step_is_to_upload_one(opened):
    assert "no tomogram yet" in text_of(open_page()).lower()


def test_without_a_segmentation_the_next_step_is_to_segment(opened, tmp_path):
    tomogram = add_tomogram(opened.workspace, tmp_path, np.zeros(SHAPE, "u1"))
    assert "not segmented yet" in text_of(open_page(tomogram.id))


def test_a_surface_is_asked_for_with_the_chosen_settings(opened, segmentation):
    app = open_page(segmentation.tomogram_id, segmentation.id)
    assert "no surface of this segmentation yet" in text_of(app)
    find(app.slider, "Smooth along z").set_value(1.5)
    find(app.number_input, "Smallest component (µm³)").set_value(0.002)
    find(app.selectbox, "Class").set_value(3)
    find(app.radio, "Voxels of one component share").set_value(6)
    find(app.select_slider, "Triangles to display").set_value(50_000)
    find(app.button, "Reconstruct surface").click()
    run(app)
    (job,) = opened.jobs.list()
    assert job.manifest.kind == "surface"
    assert job.manifest.settings["segmentation_id"] == segmentation.id
    asked = job.manifest.settings["surface"]
    assert (asked["smooth_z"], asked["min_volume_um3"], asked["only_class"]) == (1.5, 0.002, 3)
    assert (asked["connectivity"], asked["max_triangles"]) == (6, 50_000)
    assert "waiting" in text_of(app)
    assert "no surface of this segmentation yet" not in text_of(app)


def test_without_a_voxel_size_the_smallest_component_is_in_voxels(opened, tmp_path):
    segmentation = add_boxes(opened.workspace, tmp_path, voxel_size_nm=None)
    app = open_page(segmentation.tomogram_id, segmentation.id)
    find(app.number_input, "Smallest component (voxels)").set_value(100)
    find(app.button, "Reconstruct surface").click()
    run(app)
    (job,) = opened.jobs.list()
    assert job.manifest.settings["surface"]["min_voxels"] == 100
    assert job.manifest.settings["surface"]["min_volume_um3"] is None


def test_components_are_counted_listed_and_filtered(opened, surface):
    app = open_surface(surface)
    assert "**2 components, 0.00336 µm³**" in text_of(app)
    (table,) = app.dataframe
    assert table.value["class"].tolist() == ["membrane", "droplet"]
    volumes = find(app.select_slider, "volume, µm³")
    volumes.set_value(
        (volumes.options and float(table.value["volume_um3"].max()), float(table.value["volume_um3"].max()))
    )
    run(app)
    assert "**1 of 2 components, 0.00307 of 0.00336 µm³**" in text_of(app)
    assert app.dataframe[0].value["id"].tolist() == [1]


def test_a_class_can_be_left_out(opened, surface):
    app = open_surface(surface)
    classes = app.get("button_group")[0]
    assert classes.value == [1, 3]
    classes.set_value([3])
    run(app)
    assert app.dataframe[0].value["class"].tolist() == ["droplet"]


def test_downloads_follow_the_filter(opened, surface):
    app = open_surface(surface)
    assert f"/api/surfaces/{surface.id}/mesh.glb)" in text_of(app)
    app.get("button_group")[0].set_value([3])
    run(app)
    assert f"/api/surfaces/{surface.id}/mesh.glb?class=3)" in text_of(app)
    assert f"/api/surfaces/{surface.id}/components.csv?class=3)" in text_of(app)


def test_a_machine_that_cannot_draw_says_so_and_shows_the_rest(opened, surface):
    app = open_surface(surface)
    assert [each.value for each in app.error] == ["Nothing can be drawn; install libegl1\\."]
    assert len(app.dataframe) == 1
    assert "mesh.stl" in text_of(app)


def test_unknown_voxel_size_shows_voxels_and_offers_to_set_it(opened, tmp_path, monkeypatch):
    segmentation = add_boxes(opened.workspace, tmp_path, voxel_size_nm=None)
    made = add_boxes_surface(opened.workspace, segmentation)
    monkeypatch.setattr("sxt.ui.surface.explore._draw_scene", lambda *_args, **_options: None)
    app = open_surface(made)
    assert "the voxel size is unknown" in text_of(app)
    assert "µm" not in text_of(app).replace("GLB: µm", "")
    assert "**2 components, 1 680 voxels**".replace("1 680", "1\u2009680") in text_of(app)
    opened.workspace.set_voxel_size(segmentation.tomogram_id, (10.0, 10.0, 10.0), by="ada")
    assert "make another surface for sizes in µm" in text_of(open_surface(made))


def test_the_newest_surface_is_shown_and_named_in_the_address(opened, segmentation, surface):
    newer = add_boxes_surface(opened.workspace, segmentation)
    app = open_surface(surface)
    assert address_of(app) == newer.id
    older = open_surface(surface, asked=surface.id)
    assert address_of(older) == surface.id
    find(older.selectbox, "Surface").set_value(newer.id)
    run(older)
    assert address_of(older) == newer.id


def test_an_address_with_a_surface_alone_selects_what_it_belongs_to(opened, surface):
    app = open_page(asked=surface.id)
    assert app.session_state[STATE_KEY]["segmentation"] == surface.segmentation_id
    assert app.session_state[STATE_KEY]["tomogram"] == surface.tomogram_id
    assert len(app.dataframe) == 1


@pytest.mark.parametrize("asked", ["abcdefghij", "../../etc", "<b>"])
def test_a_surface_that_is_not_there_any_more_is_said(opened, surface, asked):
    app = open_surface(surface, asked=asked)
    assert "not there any more" in text_of(app)
    assert address_of(app) == surface.id
