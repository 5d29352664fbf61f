"""Which labelled slices are trained on and which are held out; written down with every version."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sxt.errors import SettingsError
from sxt.train.settings import SplitSettings
from sxt.train.volumes import TrainingTomogram

TOMOGRAMS_FOR_A_SPLIT = 3
"""With fewer labelled tomograms, holding a whole one out costs more than it tells."""

SplitRule = Literal["marked", "tomogram", "block", "none"]


@dataclass(frozen=True, order=True)
class SliceRef:
    """Slice ``z`` of the tomogram with the id ``tomogram``."""

    tomogram: str
    z: int


@dataclass(frozen=True)
class Split:
    """What was decided.

    Parameters
    ----------
    rule : {"marked", "tomogram", "block", "none"}
    train, hold_out, left_out : tuple of SliceRef
        Labelled slices; those left out lie in the gap between the other two.
    gap_slices : int
    note : str
        A sentence for the user.
    """

    rule: SplitRule
    train: tuple[SliceRef, ...]
    hold_out: tuple[SliceRef, ...] = ()
    left_out: tuple[SliceRef, ...] = ()
    gap_slices: int = 0
    note: str = ""

    def is_near_hold_out(self, tomogram: str, z: int) -> bool:
        """Return whether nothing may be learned from a slice, labelled or not, since it shows what is held out."""
        if self.rule == "tomogram":
            return any(each.tomogram == tomogram for each in self.hold_out)
        return any(each.tomogram == tomogram and abs(each.z - z) <= self.gap_slices for each in self.hold_out)

    def to_json(self) -> dict[str, Any]:
        """Return the split as JSON-able values."""
        return asdict(self)


def make_split(tomograms: Sequence[TrainingTomogram], settings: SplitSettings) -> Split:
    """Decide what is held out.

    Raises
    ------
    SettingsError
        Where the rule asked for leaves nothing to train on or nothing to measure on.
    """
    labelled = [each for each in tomograms if each.labelled]
    makers = {"marked": _split_marked, "tomogram": _split_by_tomogram, "block": _split_by_block}
    if settings.rule == "none":
        return Split("none", _refs(labelled), note="Nothing is held out; the result is not measured.")
    if settings.rule != "auto":
        found = makers[settings.rule](labelled, settings)
        if found is None:
            raise SettingsError(_why_not(settings))
        return found
    if len(labelled) >= TOMOGRAMS_FOR_A_SPLIT:
        rules = ("marked", "tomogram", "block")
    else:
        rules = ("marked", "block", "tomogram")
    for rule in rules:
        found = makers[rule](labelled, settings)
        if found is not None:
            return found
    return Split(
        "none",
        _refs(labelled),
        note="Too few labelled slices, or too near each other, to hold any out; the result is not measured.",
    )


def _split_marked(labelled: Sequence[TrainingTomogram], settings: SplitSettings) -> Split | None:
    marked = tuple(SliceRef(each.id, z) for each in labelled for z in each.marked if z in each.labelled)
    return _held_out("marked", labelled, marked, settings, note="the slices marked for measuring")


def _split_by_tomogram(labelled: Sequence[TrainingTomogram], settings: SplitSettings) -> Split | None:
    """Hold out whole tomograms, those with the fewest labelled slices, so that most labels are learned from."""
    if len(labelled) < 2:
        return None
    n_held_out = min(len(labelled) - 1, math.ceil(settings.share * len(labelled)))
    chosen = sorted(labelled, key=lambda each: (len(each.labelled), each.id))[:n_held_out]
    names = ", ".join(each.id for each in chosen)
    return _held_out("tomogram", labelled, _refs(chosen), settings, note=f"all of {names}")


def _split_by_block(labelled: Sequence[TrainingTomogram], settings: SplitSettings) -> Split | None:
    """Hold out neighbouring labelled slices of one tomogram: the block that costs the fewest slices in its gap."""
    n_wanted = max(1, math.ceil(settings.share * sum(len(each.labelled) for each in labelled)))
    best: Split | None = None
    for each in labelled:
        size = min(n_wanted, max(1, len(each.labelled) - 1))
        for start in range(len(each.labelled) - size + 1):
            block = tuple(SliceRef(each.id, z) for z in each.labelled[start : start + size])
            note = f"{_name_slices(block)} of {each.id}"
            split = _held_out("block", labelled, block, settings, note=note)
            if split is not None and (best is None or _merit(split) > _merit(best)):
                best = split
    return best


def _merit(split: Split) -> tuple[int, int]:
    return (len(split.train), len(split.hold_out))


def _held_out(
    rule: SplitRule,
    labelled: Sequence[TrainingTomogram],
    hold_out: tuple[SliceRef, ...],
    settings: SplitSettings,
    *,
    note: str,
) -> Split | None:
    """Return the split that holds these out; None where that leaves nothing on one side."""
    split = Split(rule, (), hold_out, gap_slices=settings.gap_slices)
    rest = [each for each in _refs(labelled) if each not in set(hold_out)]
    train = tuple(each for each in rest if not split.is_near_hold_out(each.tomogram, each.z))
    if not train or not hold_out:
        return None
    left_out = tuple(each for each in rest if each not in set(train))
    gap = f"; {count_words(len(left_out), 'labelled slice')} within {settings.gap_slices} of that left out"
    text = f"Held out: {note}{gap if left_out else ''}."
    return Split(rule, train, hold_out, left_out, settings.gap_slices, text)


def count_words(count: int, noun: str) -> str:
    """Return ``1 slice`` or ``3 slices``."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"


def _name_slices(block: Sequence[SliceRef]) -> str:
    return f"slice {block[0].z}" if len(block) == 1 else f"slices {block[0].z} to {block[-1].z}"


def _refs(labelled: Sequence[TrainingTomogram]) -> tuple[SliceRef, ...]:
    return tuple(SliceRef(each.id, z) for each in labelled for z in each.labelled)


def _why_not(settings: SplitSettings) -> str:
    if settings.rule == "marked":
        return "No labelled slice is marked for measuring, or all others lie in its gap; mark some that lie apart."
    if settings.rule == "tomogram":
        return "Only one tomogram is labelled; label another, or hold out a block of slices."
    return (
        f"No block of labelled slices lies more than {settings.gap_slices} slices from the others; label slices "
        "farther away, lower the gap, or hold nothing out."
    )
