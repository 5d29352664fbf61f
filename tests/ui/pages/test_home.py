from tests.ui.pages.conftest import labels, press, texts


def test_an_empty_workspace_offers_a_simulated_cell_in_one_click(run_page, opened):
    page = run_page("home")
    assert "Try a simulated cell" in labels(page)
    press(page, "Try a simulated cell")
    (job,) = opened.jobs.list()
    assert (job.manifest.kind, job.state) == ("demo", "queued")
    assert job.manifest.submitted_by == "local user"


def test_a_card_shows_name_size_and_what_there_is(run_page, tomogram, segmentation):
    said = texts(run_page("home"))
    assert "Zelle *7* &lt;b&gt;µ&lt;/b&gt;" in said
    assert "6 × 40 × 50 · 20 × 10 × 10 nm (z, y, x)" in said
    assert "0.120 × 0.400 × 0.500 µm" in said
    assert "1 segmentation" in said
    assert f"/api/tomograms/{tomogram.id}/files/thumbnail.png?inline" in said


def test_the_next_step_follows_what_there_is(run_page, opened, tomogram):
    page = run_page("home")
    assert "Segment" in labels(page)
    page = press(page, "Segment")
    assert page.query_params["tomogram"] == tomogram.id
    assert page.title[0].value == "Segment"


def test_a_tomogram_with_unknown_voxel_size_has_no_length(run_page, opened, tmp_path):
    from tests.ui.items import add_tomogram
    from tests.ui.viewer.conftest import ramp

    add_tomogram(opened.workspace, tmp_path, ramp((3, 20, 20)))
    said = texts(run_page("home"))
    assert "unknown voxel size" in said
    assert "µm" not in said


def test_many_tomograms_can_be_searched(run_page, opened, tmp_path):
    from tests.ui.items import add_tomogram
    from tests.ui.viewer.conftest import ramp

    for index in range(7):
        add_tomogram(opened.workspace, tmp_path, ramp((2, 20, 20 + index)), name=f"cell {index}")
    page = run_page("home")
    page = page.text_input(key="home-search").set_value("CELL 3").run()
    said = texts(page)
    assert ">cell 3<" in said
    assert ">cell 4<" not in said


def test_the_machine_is_described(run_page):
    said = texts(run_page("home"))
    assert "Free disk" in said
    assert "0 tomograms, 0 segmentations, 0 surfaces" in said
