import pytest

from sxt.ui import choices
from sxt.ui.choices import list_choices, list_devices
from sxt.ui.shell import PageEntry


@pytest.mark.parametrize(("n_gpus", "labels"), [(0, ["CPU"]), (1, ["GPU", "CPU"]), (2, ["2 GPUs", "CPU"])])
def test_devices_are_what_the_machine_has(monkeypatch, n_gpus, labels):
    monkeypatch.setattr(choices, "_count_gpus", lambda: n_gpus)
    found = list_devices(has_cluster=False)
    assert [each.name for each in found] == labels
    assert found[0].id == "auto"


def test_a_cluster_brings_its_own_devices():
    assert [each.id for each in list_devices(has_cluster=True)] == ["auto", "cpu"]


def test_models_are_listed_where_a_page_shows_them(opened):
    from sxt.models import SHIPPED_ROOT, list_models

    shipped = [each.spec for each in list_models(SHIPPED_ROOT) if not each.fault]
    found = list_choices(opened, PageEntry("models", "Models", "model"))
    assert sorted(each.id for each in found.models) == sorted(shipped)
    assert found.segmentations == ()
    assert all("(default)" not in each.name for each in found.models[1:])
    assert list_choices(opened, PageEntry("viewer", "Viewer")).models == ()
