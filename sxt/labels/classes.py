"""The classes of a label set: their values never change meaning, whatever happens to the list."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from sxt.errors import InputError, SettingsError
from sxt.labels.files import ScratchFolder, read_bytes
from sxt.labels.values import BACKGROUND, FIRST_CLASS, LAST_CLASS, UNLABELLED, check_class

COLOURS = ("#E69F00", "#56B4E9", "#F0E442", "#CC79A7", "#009E73", "#0072B2", "#D55E00")
"""Given to new classes in turn: the set of Okabe and Ito (2008), told apart with red-green blindness."""

MAX_NAME_LENGTH = 100
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True)
class LabelClass:
    """A class: its value in the volume, its name, its colour as ``#RRGGBB``, and what it was merged into, if so."""

    value: int
    name: str
    colour: str
    merged_into: int | None = None

    def __post_init__(self) -> None:
        check_class(self.value)
        if not isinstance(self.name, str) or not self.name.strip() or not self.name.isprintable():
            raise SettingsError(f"The class name {self.name!r} is not usable; give at least one letter.")
        if len(self.name) > MAX_NAME_LENGTH:
            raise SettingsError(
                f"The class name has {len(self.name)} characters; use {MAX_NAME_LENGTH} or fewer."
            )
        if not isinstance(self.colour, str) or not _COLOUR.fullmatch(self.colour):
            raise SettingsError(
                f"The colour of class {self.name!r} is {self.colour!r}; write it as '#RRGGBB'."
            )

    @property
    def is_active(self) -> bool:
        """Whether it can still be painted."""
        return self.merged_into is None


@dataclass(frozen=True)
class ClassList:
    """All classes in the order they are shown in, those that were merged away among them.

    Parameters
    ----------
    classes : tuple of LabelClass
        A merged class stays, so that its value is never given to another.
    unfinished : tuple of int
        Values of merged classes that may still stand in the volume, since rewriting it was interrupted.
    """

    classes: tuple[LabelClass, ...] = ()
    unfinished: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        values = [each.value for each in self.classes]
        if len(set(values)) != len(values):
            raise SettingsError(f"The classes have the values {values}; give each class a value of its own.")
        names = [each.name.casefold() for each in self.active]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise SettingsError(f"There are several classes {sorted(repeated)[0]!r}; give each its own name.")

    def __iter__(self) -> Iterator[LabelClass]:
        return iter(self.active)

    def __len__(self) -> int:
        return len(self.active)

    @property
    def active(self) -> tuple[LabelClass, ...]:
        """The classes that can be painted."""
        return tuple(each for each in self.classes if each.is_active)

    @property
    def values(self) -> tuple[int, ...]:
        """Values of the classes that can be painted."""
        return tuple(each.value for each in self.active)

    def get(self, value: int) -> LabelClass:
        """Return a class that can be painted; raise `SettingsError` where there is none of that value."""
        for each in self.classes:
            if each.value == value and each.merged_into is not None:
                target = self.get(self.resolve(value)).name
                raise SettingsError(f"Class {each.name!r} was merged into {target!r}; choose that one.")
            if each.value == value:
                return each
        raise SettingsError(f"There is no class {value}; add it to the list first.")

    def add(self, name: str, colour: str | None = None) -> "ClassList":
        """Return the list with one more class, whose value no class ever had."""
        taken = {each.value for each in self.classes}
        free = [value for value in range(FIRST_CLASS, LAST_CLASS + 1) if value not in taken]
        if not free:
            raise SettingsError(
                f"There are {LAST_CLASS} classes already; merge some, in a new set of labels."
            )
        shown = colour or COLOURS[(free[0] - FIRST_CLASS) % len(COLOURS)]
        return replace(self, classes=(*self.classes, LabelClass(free[0], _tidy(name), shown)))

    def rename(self, value: int, name: str) -> "ClassList":
        """Return the list with another name for a class."""
        return self._with(replace(self.get(value), name=_tidy(name)))

    def recolour(self, value: int, colour: str) -> "ClassList":
        """Return the list with another colour for a class."""
        return self._with(replace(self.get(value), colour=colour))

    def reorder(self, values: Sequence[int]) -> "ClassList":
        """Return the list in another order; ``values`` names every active class once."""
        if sorted(values) != sorted(self.values):
            raise SettingsError(f"The order {list(values)} must name each of {sorted(self.values)} once.")
        rest = tuple(each for each in self.classes if not each.is_active)
        return replace(self, classes=(*(self.get(value) for value in values), *rest))

    def merge(self, source: int, target: int) -> "ClassList":
        """Return the list with one class merged into another; the volume has yet to be rewritten."""
        if source == target:
            raise SettingsError(f"Class {source} cannot be merged into itself; choose another.")
        merged = replace(self.get(source), merged_into=self.get(target).value)
        return replace(self._with(merged), unfinished=(*self.unfinished, source))

    def resolve(self, value: int) -> int:
        """Return the value that stands for ``value`` today; that of a merged class is the one it ended in."""
        into = {each.value: each.merged_into for each in self.classes}
        while (found := into.get(value)) is not None:
            value = found
        return value

    def resolve_table(self) -> np.ndarray:
        """Return a table (256,) uint8 of what stands for each value today."""
        return np.array([self.resolve(value) for value in range(256)], np.uint8)

    def check_values(self, values: Iterable[int]) -> None:
        """Raise `SettingsError` unless each value is background, unlabelled, or a class that can be painted."""
        for value in values:
            if value not in (BACKGROUND, UNLABELLED):
                self.get(int(value))

    def _with(self, changed: LabelClass) -> "ClassList":
        kept = tuple(changed if each.value == changed.value else each for each in self.classes)
        return replace(self, classes=kept)


def read_classes(path: Path) -> ClassList:
    """Read a class list; raise `InputError` where it is missing or damaged."""
    content = read_bytes(path)
    if content is None:
        raise InputError(f"{path} is missing; restore it from a backup.")
    try:
        stored = json.loads(content)
        classes = tuple(LabelClass(**each) for each in stored["classes"])
        return ClassList(classes, tuple(stored["unfinished"]))
    except (ValueError, TypeError, KeyError, SettingsError) as error:
        raise InputError(f"{path} is damaged ({error}); restore it from a backup.") from error


def write_classes(path: Path, classes: ClassList, scratch: ScratchFolder) -> None:
    """Write a class list, whole or not at all."""
    content = {"classes": [asdict(each) for each in classes.classes], "unfinished": classes.unfinished}
    scratch.replace(path, json.dumps(content, indent=2).encode())


def _tidy(name: str) -> str:
    return " ".join(str(name).split())
