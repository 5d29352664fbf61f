"""The segmentations of a tomogram, to choose from."""

from sxt.ui.selection import Choice
from sxt.ui.services import services


def segmentation_choices(tomogram_id: str) -> list[Choice]:
    """Return the segmentations of a tomogram, newest first."""
    return [
        Choice(each.id, each.name, parent=tomogram_id)
        for each in services().workspace.segmentations.list()
        if each.tomogram_id == tomogram_id
    ]
