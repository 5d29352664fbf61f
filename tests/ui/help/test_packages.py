from importlib import metadata

from sxt.ui.help.packages import MAIN_PACKAGES, list_packages
from tests.requirements import read_pins


def test_every_main_package_is_a_requirement():
    assert set(MAIN_PACKAGES) <= set(read_pins("requirements.txt"))


def test_versions_and_licences_are_those_installed():
    found = {each.name: each for each in list_packages()}
    assert set(found) == set(MAIN_PACKAGES)
    assert found["torch"].version == metadata.version("torch")
    assert "GPL" in found["stpyvista"].licence
    assert found["streamlit"].licence == "Apache-2.0"
    assert found["scikit-image"].licence == "BSD License"
    assert all(each.licence for each in found.values())
    assert max(len(each.licence) for each in found.values()) < 200
