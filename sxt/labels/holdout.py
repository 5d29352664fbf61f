"""Slices kept for measuring: labelled by people alone, never trained on, never filled by a model."""

import json
from collections.abc import Iterable
from pathlib import Path

from sxt.errors import InputError, SettingsError
from sxt.labels.files import ScratchFolder, read_bytes
from sxt.labels.values import SliceKey

HOLD_OUT_FILE = "holdout.json"


class HoldOutError(SettingsError):
    """Something that would make hold-out slices useless for measuring."""


class HoldOut:
    """The hold-out slices of a label set, numbers along z.

    People may draw on them, and bring in labels that they vouch for; interpolating, copying and pseudo-labels are
    refused.
    """

    def __init__(self, folder: Path, *, scratch: ScratchFolder) -> None:
        self._path = folder / HOLD_OUT_FILE
        self._scratch = scratch

    def list(self) -> tuple[int, ...]:
        """Return the hold-out slices in rising order."""
        content = read_bytes(self._path)
        try:
            return tuple(sorted(int(z) for z in json.loads(content))) if content else ()
        except (ValueError, TypeError) as error:
            raise InputError(f"{self._path} is damaged ({error}); restore it from a backup.") from error

    def write(self, slices: Iterable[int]) -> None:
        """Replace the list; the label set's lock must be held."""
        self._scratch.replace(self._path, json.dumps(sorted(set(slices))).encode())

    def refuse(self, slices: Iterable[int], *, what: str) -> None:
        """Raise `HoldOutError` where one of ``slices`` is held out; ``what`` is the subject of the sentence."""
        touched = sorted(set(slices) & set(self.list()))
        if touched:
            shown = ", ".join(str(z) for z in touched[:5]) + (" ..." if len(touched) > 5 else "")
            raise HoldOutError(
                f"{what} would touch the hold-out slices z {shown}, which people alone label; "
                "choose other slices or take these out of the hold-out."
            )

    def refuse_slice(self, key: SliceKey, n_slices: int, *, what: str) -> None:
        """The same for a slice of any plane, which other planes cross at every z."""
        self.refuse([key.index] if key.plane == "z" else range(n_slices), what=what)
