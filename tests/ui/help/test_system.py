import pytest

import sxt
from sxt.errors import ResourceError
from sxt.ui.help import system
from sxt.ui.help.system import check_system, list_versions


@pytest.fixture
def checks(opened, monkeypatch):
    def look(**changes):
        monkeypatch.setattr("sxt.surface.rendering.check_rendering", changes.get("rendering", lambda: None))
        monkeypatch.setattr(system, "free_memory_bytes", lambda: changes.get("memory", 64 * 10**9))
        return {each.what: each for each in check_system(opened)}

    return look


def test_a_server_without_a_queue_is_told(checks):
    found = checks()
    assert not found["Jobs"].is_fine
    assert found["Jobs"].finding.startswith("Nobody runs jobs")
    assert found["Workspace"].is_fine
    assert (found["Drawing of 3D views"].finding, found["Drawing of 3D views"].is_fine) == ("works", True)


def test_missing_graphics_libraries_are_named(checks):
    def fail():
        raise ResourceError("Drawing fails; install the graphics libraries with: apt-get install -y libegl1")

    found = checks(rendering=fail)["Drawing of 3D views"]
    assert not found.is_fine
    assert "apt-get install" in found.finding


@pytest.mark.parametrize(("memory", "is_fine"), [(2 * 10**9, False), (64 * 10**9, True), (None, True)])
def test_little_memory_is_told(checks, memory, is_fine):
    assert checks(memory=memory)["Free memory"].is_fine is is_fine


def test_the_versions_name_the_program_and_python():
    assert dict(list_versions())["sxt"] == sxt.__version__
    assert dict(list_versions())["Python"].startswith("3.")
