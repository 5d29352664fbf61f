from tests.ui.pages.conftest import labels, press, texts


def test_without_a_tomogram_the_viewer_leads_to_upload(run_page):
    page = run_page("viewer")
    assert "There is no tomogram yet" in texts(page)
    assert press(page, "Bring in a tomogram").title[0].value == "Upload"


def test_facts_and_downloads_of_what_is_shown(run_page, tomogram, segmentation):
    page = run_page("viewer")
    said = texts(page)
    assert "6 × 40 × 50 voxels" in said
    assert "membrane:1" in said
    assert f"/api/tomograms/{tomogram.id}/volume.mrc" in said
    assert f"/api/segmentations/{segmentation.id}/mask.tif" in said
    assert f"/api/segmentations/{segmentation.id}/probability.npy?class=3" in said


def test_a_deep_link_selects_tomogram_and_segmentation(run_page, opened, tmp_path, tomogram, segmentation):
    from tests.ui.items import add_tomogram
    from tests.ui.viewer.conftest import ramp

    add_tomogram(opened.workspace, tmp_path, ramp((3, 20, 30)), name="newer")
    said = texts(run_page("viewer", segmentation=segmentation.id))
    assert "6 × 40 × 50 voxels" in said


def test_the_voxel_size_is_set_and_recorded(run_page, opened, tomogram):
    page = run_page("viewer")
    for axis, value in (("z", 24.0), ("y", 12.0), ("x", 12.0)):
        page.number_input(key=f"viewer-voxel-{tomogram.id}-{axis}").set_value(value)
    page = press(page, "Set voxel size")
    assert opened.workspace.tomograms.get(tomogram.id).voxel_size_nm == (24.0, 12.0, 12.0)
    assert opened.workspace.activity.read(limit=1)[0].detail == "24 x 12 x 12"
    assert "24 × 12 × 12 nm" in texts(page)


def test_what_absorbs_is_declared(run_page, opened, tomogram):
    page = run_page("viewer")
    page.button_group(key=f"viewer-absorbing-{tomogram.id}").set_value("bright").run()
    assert opened.workspace.tomograms.get(tomogram.id).absorbing_is == "bright"


def test_a_tomogram_is_renamed(run_page, opened, tomogram):
    page = run_page("viewer")
    page = page.text_input(key=f"viewer-name-{tomogram.id}").set_value("Zelle 8").run()
    assert not page.exception
    assert opened.workspace.tomograms.get(tomogram.id).name == "Zelle 8"


def test_deleting_asks_first_and_names_what_depends_on_it(run_page, opened, tomogram, segmentation):
    page = press(run_page("viewer"), "Delete this tomogram")
    assert opened.workspace.tomograms.find(tomogram.id) is not None
    assert "segmentation" in "".join(each.value for each in page.warning)
    press(page, "Delete the tomogram")
    assert opened.workspace.tomograms.find(tomogram.id) is None
    assert [each.item_id for each in opened.workspace.trash.list()] == [tomogram.id]


def test_a_comparison_is_offered_with_the_other_segmentations(run_page, opened, tomogram, segmentation):
    import numpy as np

    from tests.ui.items import add_segmentation
    from tests.ui.pages.conftest import SHAPE

    newer = add_segmentation(opened.workspace, tomogram, np.ones(SHAPE, np.uint8), name="newer")
    page = run_page("viewer", segmentation=segmentation.id)
    before = page.selectbox(key=f"viewer-before-{segmentation.id}")
    assert before.options == ["the grey values alone", "newer"]
    assert not before.set_value(newer.id).run().exception
    assert "Delete this segmentation" in labels(page)
