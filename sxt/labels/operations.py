"""Copying and interpolating over several slices of a label set, each slice with an undo step of its own."""

import numpy as np

from sxt.errors import SettingsError
from sxt.labels.label_set import LabelSet, Saved
from sxt.labels.tools.between import interpolate_slice
from sxt.labels.tools.paint import paste
from sxt.labels.values import UNLABELLED, SliceKey


def copy_slice(
    labels: LabelSet, source: SliceKey, target: SliceKey, *, by: str, protects_others: bool = True
) -> Saved | None:
    """Lay the labels of a slice over another of the same plane; None where nothing changed.

    Raises
    ------
    HoldOutError
        Where either is held out: what is copied was not looked at there.
    """
    _check_same_plane(source, target)
    for key in (source, target):
        labels.hold_out.refuse_slice(key, labels.shape[0], what=f"Copying slice {source} to {target}")
    values = labels.read(source)
    return labels.change(
        target,
        lambda old: paste(old, values, protects_others=protects_others),
        by=by,
        tool="copy",
        note=f"from {source}",
    )


def interpolate_between(
    labels: LabelSet, first: SliceKey, last: SliceKey, *, by: str, protects_others: bool = True
) -> tuple[Saved, ...]:
    """Fill the slices between two labelled ones by signed distance.

    Parameters
    ----------
    first, last : SliceKey
        Of the same plane, with at least one slice between.
    by : str
    protects_others : bool
        Whether to write only where nothing is labelled yet; otherwise the slices between are replaced where both ends
        are labelled.

    Returns
    -------
    tuple of Saved
        One for each slice that changed; their ledger entries share a group.

    Raises
    ------
    SettingsError
        Where no slice lies between, or an end is not labelled.
    HoldOutError
        Where an end or a slice between is held out.
    SliceHeldError
        Where somebody else works on a slice between; nothing is changed then.
    """
    _check_same_plane(first, last)
    start, stop = sorted((first.index, last.index))
    between = [SliceKey(first.plane, index) for index in range(start + 1, stop)]
    if not between:
        raise SettingsError(f"There is no slice between {first} and {last}; choose two farther apart.")
    for key in (SliceKey(first.plane, start), *between, SliceKey(first.plane, stop)):
        labels.hold_out.refuse_slice(key, labels.shape[0], what=f"Interpolating {start} to {stop}")
    lower, upper = (labels.read(SliceKey(first.plane, index)) for index in (start, stop))
    for index, end in ((start, lower), (stop, upper)):
        if (end == UNLABELLED).all():
            raise SettingsError(f"Slice {first.plane} {index} is not labelled; label both ends first.")
    for key in between:
        labels.locks.check(key, by=by)
    group, saved = labels.new_group(), []
    for key in between:
        values = interpolate_slice(lower, upper, (key.index - start) / (stop - start))

        def fill(old: np.ndarray, values: np.ndarray = values) -> np.ndarray:
            is_filled = (values != UNLABELLED) & ((old == UNLABELLED) | (not protects_others))
            return np.where(is_filled, values, old)

        note = f"between {start} and {stop}"
        saved.append(labels.change(key, fill, by=by, tool="interpolate", group=group, note=note))
    return tuple(each for each in saved if each is not None)


def undo_group(labels: LabelSet, group: str, *, by: str) -> tuple[Saved, ...]:
    """Undo one action on several slices, on those where it is still the last thing done."""
    entries = labels.ledger.entries()
    last = {entry.key: entry for entry in entries if entry.source != "pseudo"}
    keys = [key for key, entry in last.items() if group and entry.group == group]
    undone = [labels.undo(key, by=by) for key in keys]
    return tuple(each for each in undone if each is not None)


def _check_same_plane(first: SliceKey, last: SliceKey) -> None:
    if first.plane != last.plane or first.index == last.index:
        raise SettingsError(f"{first} and {last} must be two slices of one plane; choose others.")
