import pytest

from sxt.errors import ModelError
from sxt.models import parse_spec
from sxt.models.spec import version_order


def test_a_spec_splits_into_name_and_version():
    assert parse_spec("membrane:1.2") == ("membrane", "1.2")
    assert parse_spec("membrane") == ("membrane", None)


@pytest.mark.parametrize(
    "spec",
    [
        "",
        ":1",
        "a:",
        "../a",
        "a/b",
        "a:../../etc",
        "a\\b",
        ".hidden",
        "a:.1",
        "A",
        "a b",
        "a\n",
        "a:1:2",
        "-a",
        "a" * 65,
    ],
)
def test_names_that_could_leave_the_folder_are_refused(spec):
    with pytest.raises(ModelError, match=r"is not a model (name|version); use 1 to 64"):
        parse_spec(spec)


def test_versions_sort_naturally():
    shuffled = ["10", "1.10", "2", "beta", "1", "2-fixed", "1.2.1", "0.9", "1.2"]
    ordered = ["beta", "0.9", "1", "1.2", "1.2.1", "1.10", "2", "2-fixed", "10"]
    assert sorted(shuffled, key=version_order) == ordered


def test_versions_that_spell_the_same_number_still_have_an_order():
    assert version_order("1") != version_order("01")
