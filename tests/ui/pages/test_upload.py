import numpy as np
import pytest

from sxt.io import open_volume_writer
from sxt.ui.services import open_services, use_services
from sxt.ui.settings import ServerSettings
from sxt.ui.upload.upload import UploadFile
from tests.ui.pages.conftest import labels, press, texts
from tests.ui.viewer.conftest import ramp


def write_tiff(path, values, voxel_size_nm=None):
    with open_volume_writer(
        path, shape=values.shape, dtype=values.dtype, voxel_size_nm=voxel_size_nm
    ) as writer:
        writer.write(values)
    return path


def send(opened, path, name=None):
    """Upload a file as a browser does."""
    content = path.read_bytes()
    files = [UploadFile(name=name or path.name, size=len(content))]
    upload = opened.uploads.begin(name or path.name, files, is_folder=False, by="ada")
    opened.uploads.append(upload.id, 0, 0, content)
    return upload


def test_an_empty_workspace_says_where_to_begin(run_page):
    page = run_page("upload")
    assert "What is brought in appears here" in texts(page).replace("\\", "")
    assert "Bring in the tomogram" not in labels(page)


def test_an_upload_is_shown_with_its_facts_and_brought_in_as_declared(run_page, opened, tmp_path):
    upload = send(opened, write_tiff(tmp_path / "cell.tif", ramp((6, 40, 50)), (20.0, 10.0, 10.0)))
    page = run_page("upload")
    said = texts(page)
    assert "6 × 40 × 50 voxels" in said
    (z,) = [each for each in page.number_input if each.label == "z"]
    assert z.value == 20.0
    z.set_value(22.0)
    next(each for each in page.text_input if each.label == "Name").set_value("Zelle 7")
    press(page, "Bring in the tomogram")
    (job,) = opened.jobs.list()
    settings = job.manifest.settings
    assert settings["source"] == str(opened.uploads.source_path(upload.id))
    assert (settings["name"], settings["voxel_size_nm"]) == ("Zelle 7", [22.0, 10.0, 10.0])
    assert settings["removes_upload"]


def test_an_unknown_voxel_size_is_a_doubt_until_it_is_given(run_page, opened, tmp_path):
    send(opened, write_tiff(tmp_path / "cell.tif", ramp((4, 20, 30))))
    page = run_page("upload")
    assert "The voxel size is not known" in texts(page).replace("\\", "")
    for field in page.number_input:
        field.set_value(10.0)
    assert "The voxel size is not known" not in texts(page.run()).replace("\\", "")


def test_an_upload_that_a_job_brings_in_is_not_offered_again(run_page, opened, tmp_path):
    send(opened, write_tiff(tmp_path / "cell.tif", ramp((4, 20, 30))))
    page = press(run_page("upload"), "Bring in the tomogram")
    assert "Bring in the tomogram" not in labels(page)
    assert "waiting" in texts(page)


def test_what_may_be_no_tomogram_needs_a_word_first(run_page, opened, tmp_path):
    values = (np.indices((4, 40, 50)).sum(axis=0) % 2).astype("u1")  # (z, y, x)
    send(opened, write_tiff(tmp_path / "mask.tif", values))
    page = run_page("upload")
    assert "looks like labels" in texts(page)
    button = next(each for each in page.button if each.label == "Bring in the tomogram")
    assert button.disabled
    page = page.checkbox[0].check().run()
    button = next(each for each in page.button if each.label == "Bring in the tomogram")
    assert not button.disabled


def test_one_of_several_volumes_is_chosen(run_page, opened, tmp_path):
    import h5py

    path = tmp_path / "two.h5"
    with h5py.File(path, "w") as file:
        file["raw"] = ramp((4, 20, 30))
        file["denoised"] = ramp((5, 20, 30))
    send(opened, path)
    page = run_page("upload")
    choice = page.selectbox(key="upload-dataset")
    assert choice.value is None
    assert len(choice.options) == 2
    page = choice.select_index(0).run()
    chosen = page.selectbox(key="upload-dataset").value
    press(page, "Bring in the tomogram")
    assert opened.jobs.list()[0].manifest.settings["dataset"] == chosen


def test_a_file_that_cannot_be_read_says_why_and_can_be_discarded(run_page, opened, tmp_path):
    (tmp_path / "notes.tif").write_bytes(b"no picture at all")
    upload = send(opened, tmp_path / "notes.tif")
    page = run_page("upload")
    assert "notes" in page.error[0].value
    press(page, "Discard this upload")
    assert [state.upload.id for state in opened.uploads.list_states()] == []
    assert upload.id


def test_a_simulated_cell_is_made(run_page, opened):
    page = run_page("upload")
    page = page.button_group(key="from").set_value("Simulated cell").run()
    press(page, "Simulate a cell")
    assert [job.manifest.kind for job in opened.jobs.list()] == ["demo"]


@pytest.fixture
def with_data_folder(tmp_path):
    data = tmp_path / "data"
    (data / "inner").mkdir(parents=True)
    write_tiff(data / "inner" / "cell.tif", ramp((4, 20, 30)))
    for index in range(3):
        np.save(data / f"slice {index}.npy", ramp((2, 20, 30)))
    with use_services(open_services(ServerSettings(tmp_path / "opened", data_dirs=(data,)))) as services:
        yield services


def test_the_servers_folders_are_offered_where_there_are_some(run_page, with_data_folder):
    page = run_page("upload")
    page = page.button_group(key="from").set_value("The server").run()
    table = page.dataframe[0].value
    assert list(table["Name"]) == ["inner", "slice 0.npy", "slice 1.npy", "slice 2.npy"]
    assert list(table["Size"]) == ["folder", *3 * ["4.93 kB"]]


def test_a_path_outside_the_data_folders_is_refused(run_page, with_data_folder, tmp_path):
    page = run_page("upload")
    page.session_state["sxt-data-chosen"] = str(tmp_path / "opened")
    page = page.button_group(key="from").set_value("The server").run()
    assert "is not in a data folder of the server" in page.error[0].value.replace("\\", "")
    assert "Bring in the tomogram" not in labels(page)


def test_doubts_of_the_tomogram_stand_with_the_controls_that_settle_them(run_page, opened, tmp_path):
    write_tiff(tmp_path / "tilt_series.tif", ramp((6, 40, 50)))
    opened.workspace.import_tomogram(tmp_path / "tilt_series.tif", by="ada")
    page = run_page("upload")
    assert "sounds like a tilt series" in texts(page)
    assert "The voxel size is not known" in texts(page)
    assert "Set voxel size" in labels(page)
