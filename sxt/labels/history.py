"""Undo and redo: what each stroke on a slice changed, kept on disk beside the labels."""

import json
import shutil
import struct
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sxt.errors import InputError
from sxt.labels.files import ScratchFolder, read_bytes, writing
from sxt.labels.packing import pack, unpack
from sxt.labels.values import PLANES, Box, SliceKey, box_in_slice

MAX_STEPS = 200
"""Steps kept for a slice."""

MIN_STEPS = 50
"""Kept however large they are."""

MAX_SLICE_BYTES = 16 << 20
"""Beyond this, the oldest steps of a slice are dropped, down to `MIN_STEPS`."""

MAX_TOTAL_BYTES = 1 << 30
"""Beyond this, the slices that were not edited for longest lose their history."""

STATE_FILE = "state.json"
_HEADER = struct.Struct(
    "<6I"
)  # first row, first column, rows, columns, changed voxels, bytes of the packed mask


@dataclass(frozen=True)
class Change:
    """What one stroke did to a slice.

    Parameters
    ----------
    key : SliceKey
    start : tuple of int
        (row, column) of the rectangle that holds all changed voxels.
    mask : ndarray
        (rows, columns) bool of that rectangle: what changed.
    before, after : ndarray
        (n,) uint8, the changed voxels' values in C order.
    """

    key: SliceKey
    start: tuple[int, int]
    mask: np.ndarray
    before: np.ndarray
    after: np.ndarray

    @classmethod
    def between(cls, key: SliceKey, old: np.ndarray, new: np.ndarray) -> "Change | None":
        """Return how two slices differ, or None where they do not."""
        differs = old != new
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if rows.size == 0:
            return None
        window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        mask = differs[window]
        return cls(key, (int(rows[0]), int(columns[0])), mask, old[window][mask], new[window][mask])

    @property
    def n_voxels(self) -> int:
        return self.before.size

    @property
    def window(self) -> tuple[slice, slice]:
        """The rectangle as an index of the slice."""
        (row, column), (height, width) = self.start, self.mask.shape
        return (slice(row, row + height), slice(column, column + width))

    @property
    def box(self) -> Box:
        """The rectangle as a box of the volume."""
        (row, column), (height, width) = self.start, self.mask.shape
        return box_in_slice(self.key, self.start, (row + height, column + width))

    def undo(self, labels: np.ndarray) -> np.ndarray:
        """Return a slice with what was before, where the voxels still hold what the stroke wrote."""
        return self._swap(labels, self.after, self.before)

    def redo(self, labels: np.ndarray) -> np.ndarray:
        """Return a slice with what the stroke wrote, where the voxels still hold what was before it."""
        return self._swap(labels, self.before, self.after)

    def translate(self, table: np.ndarray) -> "Change":
        """Return the change with its values looked up in a table (256,)."""
        return replace(self, before=table[self.before], after=table[self.after])

    def encode(self) -> bytes:
        """Return the change as bytes, without its slice."""
        packed = np.packbits(self.mask).tobytes()
        header = _HEADER.pack(*self.start, *self.mask.shape, self.n_voxels, len(packed))
        return header + pack(packed + self.before.tobytes() + self.after.tobytes())

    @classmethod
    def decode(cls, key: SliceKey, content: bytes) -> "Change":
        """Return the change that `encode` made bytes of; raises ValueError where they are damaged."""
        if len(content) < _HEADER.size:
            raise ValueError("too short")
        row, column, height, width, n, n_packed = _HEADER.unpack_from(content)
        values = np.frombuffer(unpack(content[_HEADER.size :]), np.uint8)
        if values.size != n_packed + 2 * n:
            raise ValueError("its length is wrong")
        bits = np.unpackbits(values[:n_packed], count=height * width)
        mask = bits.astype(bool).reshape(height, width)  # (rows, columns)
        return cls(key, (row, column), mask, values[n_packed : n_packed + n], values[n_packed + n :])

    def _swap(self, labels: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        changed = labels.copy()
        present = changed[self.window]
        present[self.mask] = np.where(present[self.mask] == old, new, present[self.mask])
        return changed


@dataclass(frozen=True)
class HistoryState:
    """The steps of one slice, oldest first, and how many of them are done rather than undone.

    Parameters
    ----------
    steps : tuple of int
        Their numbers, which rise.
    sizes : tuple of int
        Their sizes in bytes.
    n_done : int
    """

    steps: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    n_done: int = 0

    @property
    def n_undo(self) -> int:
        return self.n_done

    @property
    def n_redo(self) -> int:
        return len(self.steps) - self.n_done

    def push(self, size_bytes: int) -> "HistoryState":
        """Return the state after one more step: undone ones are gone, and the oldest beyond the limits."""
        number = self.steps[-1] + 1 if self.steps else 0
        steps = (*self.steps[: self.n_done], number)
        sizes = (*self.sizes[: self.n_done], size_bytes)
        first = max(0, len(steps) - MAX_STEPS)
        while len(steps) - first > MIN_STEPS and sum(sizes[first:]) > MAX_SLICE_BYTES:
            first += 1
        return HistoryState(steps[first:], sizes[first:], len(steps) - first)


class History:
    """The histories of all slices below ``root``."""

    def __init__(self, root: Path, *, scratch: ScratchFolder) -> None:
        self.root = root
        self._scratch = scratch

    def state(self, key: SliceKey) -> HistoryState:
        """Return the state of a slice; one that is damaged counts as empty, since labels do not depend on it."""
        content = read_bytes(self._folder(key) / STATE_FILE)
        try:
            stored = json.loads(content) if content else {}
            state = HistoryState(
                tuple(stored.get("steps", ())), tuple(stored.get("sizes", ())), stored.get("n_done", 0)
            )
        except (ValueError, AttributeError, TypeError):
            return HistoryState()
        is_sound = len(state.steps) == len(state.sizes) and 0 <= state.n_done <= len(state.steps)
        return state if is_sound else HistoryState()

    def read_step(self, key: SliceKey, number: int) -> Change:
        """Return a step; raise `InputError` where it is damaged or gone."""
        path = self._step_path(key, number)
        try:
            return Change.decode(key, read_bytes(path) or b"")
        except ValueError as error:
            raise InputError(
                f"{path} is damaged ({error}); this stroke cannot be undone any more."
            ) from error

    def write_step(self, key: SliceKey, number: int, content: bytes) -> None:
        """Store an encoded step."""
        self._scratch.replace(self._step_path(key, number), content)

    def write_state(self, key: SliceKey, state: HistoryState) -> None:
        """Store a slice's state and remove the steps that it no longer has."""
        content = {"steps": state.steps, "sizes": state.sizes, "n_done": state.n_done}
        dropped = set(self.state(key).steps) - set(state.steps)
        self._scratch.replace(self._folder(key) / STATE_FILE, json.dumps(content).encode())
        with writing(self._folder(key)):
            for number in dropped:
                self._step_path(key, number).unlink(missing_ok=True)

    def forget_undone(self, slices: Collection[int]) -> None:
        """Drop what was undone, so that it cannot be done again, of slices along z and of all that cross them."""
        for plane in PLANES:
            for path in (self.root / plane).glob(f"*/{STATE_FILE}"):
                key = SliceKey(plane, int(path.parent.name))
                state = self.state(key)
                if state.n_redo and (plane != "z" or key.index in slices):
                    n = state.n_done
                    self.write_state(key, HistoryState(state.steps[:n], state.sizes[:n], n))

    def size_bytes(self) -> int:
        """Return what all histories take."""
        return sum(path.stat().st_size for path in self.root.rglob("*.step"))

    def prune(self, max_bytes: int = MAX_TOTAL_BYTES) -> None:
        """Drop the histories of slices that were not edited for longest until the rest fits."""
        states = [path for plane in PLANES for path in (self.root / plane).glob(f"*/{STATE_FILE}")]
        states.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        left = max_bytes
        for path in states:
            left -= sum(step.stat().st_size for step in path.parent.glob("*.step"))
            if left < 0:
                path.unlink()  # first, so that a slice never lists steps that are gone
                shutil.rmtree(path.parent)

    def _folder(self, key: SliceKey) -> Path:
        return self.root / key.plane / str(key.index)

    def _step_path(self, key: SliceKey, number: int) -> Path:
        return self._folder(key) / f"{number}.step"
