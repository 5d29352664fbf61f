"""Which class of the labels a segmentation's class stands for: the one of the same name."""

from collections.abc import Sequence

from sxt.errors import SettingsError
from sxt.labels import ClassList
from sxt.workspace.manifests import ClassInfo


def match_classes(classes: ClassList, found: Sequence[ClassInfo]) -> tuple[int, ...]:
    """Return the label class of each class of a segmentation.

    Raises
    ------
    SettingsError
        Where the labels have no class of that name.
    """
    if missing := missing_classes(classes, found):
        raise SettingsError(
            f"The labels have no class {missing[0].name!r}, which the segmentation has; "
            "add it to the classes first."
        )
    by_name = {each.name.casefold(): each.value for each in classes}
    return tuple(by_name[each.name.casefold()] for each in found)


def missing_classes(classes: ClassList, found: Sequence[ClassInfo]) -> list[ClassInfo]:
    """Return the classes of a segmentation that the labels lack."""
    names = {each.name.casefold() for each in classes}
    return [each for each in found if each.name.casefold() not in names]
