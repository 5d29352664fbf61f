import pytest

from sxt.errors import ModelError
from sxt.models import default_model, list_models, save_model, write_default
from sxt.models.default import read_default


@pytest.fixture
def roots(tmp_path, make_config, network):
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for root, name, version in (
        (shipped, "membrane", "1"),
        (shipped, "membrane", "2"),
        (own, "tiny", "1"),
        (own, "tiny", "2"),
    ):
        save_model(root, make_config(name=name, version=version), network)
    return [own, shipped]


def marked(roots):
    return [each.spec for each in list_models(roots) if each.is_default]


def test_the_newest_membrane_version_is_the_default_at_first(roots):
    assert default_model(roots) == "membrane"
    assert marked(roots) == ["membrane:2"]


@pytest.mark.parametrize("spec", ["tiny:1", "membrane:1"])
def test_another_version_can_be_made_the_default(roots, spec):
    write_default(roots[0], spec)
    assert default_model(roots) == spec
    assert marked(roots) == [spec]


def test_a_default_that_is_gone_gives_way(roots):
    write_default(roots[0], "tiny:7")
    assert default_model(roots) == "membrane"
    assert marked(roots) == ["membrane:2"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"model": 3}', '{"model": "../x:1"}', '{"model": "tiny"}', "\xff"]
)
def test_a_damaged_choice_is_none(tmp_path, text):
    (tmp_path / "default.json").write_text(text, encoding="latin-1")
    assert read_default(tmp_path) is None


@pytest.mark.parametrize("spec", ["tiny", "../x:1", "", "tiny:../1"])
def test_only_a_version_can_be_chosen(tmp_path, spec):
    with pytest.raises(ModelError):
        write_default(tmp_path, spec)
    assert list(tmp_path.iterdir()) == []
