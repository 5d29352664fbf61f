"""What there is to select in a workspace, for the top bar."""

import functools

from sxt.jobs.gpus import count_gpus
from sxt.ui.selection import Choice, Choices
from sxt.ui.services import Services
from sxt.ui.shell import PageEntry

ON_CPU = Choice("cpu", "CPU")


def list_choices(opened: Services, entry: PageEntry) -> Choices:
    """Return tomograms and devices, and segmentations or model versions as the page needs the ones or the others."""
    workspace = opened.workspace
    tomograms = tuple(Choice(each.id, each.name) for each in workspace.tomograms.list())
    devices = list_devices(has_cluster=opened.settings.scheduler is not None)
    models = list_model_choices(opened) if entry.shows == "model" else ()
    if entry.shows == "model" and not entry.keeps_segmentation:
        return Choices(tomograms, models=models, devices=devices)
    segmentations = tuple(
        Choice(each.id, each.name, parent=each.tomogram_id) for each in workspace.segmentations.list()
    )
    return Choices(tomograms, segmentations, models, devices)


def list_devices(*, has_cluster: bool) -> tuple[Choice, ...]:
    """Return the devices that a job can ask for; ``auto`` takes what the worker has."""
    if has_cluster:
        return (Choice("auto", "GPU of the cluster"), ON_CPU)
    n_gpus = _count_gpus()
    if n_gpus == 0:
        return (Choice("auto", "CPU"),)
    return (Choice("auto", "GPU" if n_gpus == 1 else f"{n_gpus} GPUs"), ON_CPU)


@functools.cache
def _count_gpus() -> int:
    return count_gpus()


def list_model_choices(opened: Services) -> tuple[Choice, ...]:
    """Return the sound model versions, the default one first."""
    from sxt.models import SHIPPED_ROOT, list_models

    found = [each for each in list_models((opened.workspace.models_root, SHIPPED_ROOT)) if not each.fault]
    found.sort(key=lambda each: not each.is_default)
    return tuple(
        Choice(each.spec, f"{each.spec} (default)" if each.is_default else each.spec) for each in found
    )
