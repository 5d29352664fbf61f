"""The labels of one tomogram: volume, classes, ledger, history and locks, changed one whole stroke at a time."""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sxt.errors import SettingsError
from sxt.files import atomic_path
from sxt.labels.classes import ClassList, read_classes, write_classes
from sxt.labels.files import ScratchFolder, read_bytes, writing
from sxt.labels.history import Change, History, HistoryState
from sxt.labels.holdout import HoldOut
from sxt.labels.ledger import Ledger, LedgerEntry, Source
from sxt.labels.slice_locks import SliceLocks
from sxt.labels.transaction import Transaction
from sxt.labels.values import UNLABELLED, Shape, SliceKey, check_label_slice, slice_shape
from sxt.labels.volume import ByteVolume

VOLUME_FOLDER = "labels.zarr"
LEDGER_FILE = "ledger.jsonl"
CLASSES_FILE = "classes.json"
HISTORY_FOLDER = "history"
LOCKS_FOLDER = "locks"
SCRATCH_FOLDER = "scratch"
PENDING_FILE = "pending"
PSEUDO_FOLDER = "pseudo"
ID_BYTES = 6
PRUNE_INTERVAL = 500
"""Changes after which it is looked whether the history has become too large."""

Lock = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Saved:
    """What a change left on disk: when, how many voxels, and what can be undone and redone now."""

    entry: LedgerEntry
    n_undo: int
    n_redo: int


class LabelSet:
    """The labels in a folder; several threads and processes may use it, each through an object of its own.

    Parameters
    ----------
    folder : Path
        Made by `create`.
    lock : callable, optional
        Makes a lock that all processes share, held for the time of a change; not reentrant. Without one, only the
        threads that share this object are kept apart.
    clock : callable, optional
        Returns seconds since 1970.

    Attributes
    ----------
    volume : ByteVolume
        The labels; changed through `change` alone.
    ledger : Ledger
    locks : SliceLocks
    hold_out : HoldOut
        The slices that are kept for measuring.

    Raises
    ------
    InputError
        Where the folder holds no labels or they are damaged.
    """

    def __init__(
        self, folder: Path, *, lock: Lock | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        own_lock = threading.Lock()
        self.folder = folder
        self.lock: Lock = lock or (lambda: own_lock)
        self.clock = clock
        self.scratch = ScratchFolder(folder / SCRATCH_FOLDER)
        self.volume = ByteVolume(folder / VOLUME_FOLDER, scratch=self.scratch)
        self.ledger = Ledger(folder / LEDGER_FILE)
        self.history = History(folder / HISTORY_FOLDER, scratch=self.scratch)
        self.locks = SliceLocks(folder / LOCKS_FOLDER, scratch=self.scratch, lock=self.lock, clock=clock)
        self.hold_out = HoldOut(folder, scratch=self.scratch)
        with self.lock():
            self._recover()

    @classmethod
    def create(
        cls,
        folder: Path,
        shape: Shape,
        *,
        classes: ClassList | None = None,
        lock: Lock | None = None,
        clock: Callable[[], float] = time.time,
    ) -> "LabelSet":
        """Make labels (z, y, x) that are unlabelled everywhere; the folder appears only when whole.

        Raises
        ------
        SettingsError
            Where there are labels already.
        """
        if folder.exists():
            raise SettingsError(f"There are labels in {folder} already; open these.")
        with writing(folder), atomic_path(folder) as temporary:
            scratch = ScratchFolder(temporary / SCRATCH_FOLDER)
            ByteVolume.create(temporary / VOLUME_FOLDER, shape, fill_value=UNLABELLED, scratch=scratch)
            write_classes(temporary / CLASSES_FILE, classes or ClassList(), scratch)
        return cls(folder, lock=lock, clock=clock)

    @property
    def shape(self) -> Shape:
        return self.volume.shape

    @property
    def classes(self) -> ClassList:
        """The class list as it is now."""
        return read_classes(self.folder / CLASSES_FILE)

    def read(self, key: SliceKey) -> np.ndarray:
        """Return a slice (rows, columns) uint8."""
        return self.volume.read_slice(key)

    def state(self, key: SliceKey) -> HistoryState:
        """Return how many steps of a slice can be undone and redone."""
        return self.history.state(key)

    def change(
        self,
        key: SliceKey,
        edit: Callable[[np.ndarray], np.ndarray],
        *,
        by: str,
        tool: str,
        source: Source = "human",
        group: str = "",
        note: str = "",
    ) -> Saved | None:
        """Change a slice; when this returns, the change is on disk.

        Parameters
        ----------
        key : SliceKey
        edit : callable
            Given the slice as it is stored now, returns what it is to be: any function of `sxt.labels.tools`.
        by : str
            Who does it.
        tool : str
            What with, for the ledger.
        source : {"human", "imported"}
        group : str
            Common to the slices of one action; see `new_group`.
        note : str

        Returns
        -------
        Saved or None
            None where nothing changed.

        Raises
        ------
        SettingsError
            A slice of another shape, or a value that is no class of the list.
        SliceHeldError
            Where somebody else works on the slice.
        ResourceError
            The disk is full or refuses; the slice stays as it was, or takes the change when it is next opened.
        """
        with self.lock():
            self._recover()
            self.locks.check(key, by=by)
            old = self.read(key)
            new = check_label_slice(edit(old.copy()), slice_shape(self.shape, key))
            change = Change.between(key, old, new)
            if change is None:
                return None
            classes = self.classes
            classes.check_values(np.flatnonzero(np.bincount(change.after, minlength=256)).tolist())
            step = change.encode()
            state = self.history.state(key).push(len(step))
            entry = self._entry(change, by=by, tool=tool, source=source, group=group, note=note)
            saved = self._commit(Transaction(entry, self._box_of(change, new), state, state.steps[-1], step))
            if len(self.ledger) % PRUNE_INTERVAL == 0:
                self.history.prune()
            return saved

    def undo(self, key: SliceKey, *, by: str) -> Saved | None:
        """Take back the last change made on a slice in this plane; None where there is none.

        Voxels that were changed through another plane since then keep what they have.
        """
        return self._step(key, by=by, is_undo=True)

    def redo(self, key: SliceKey, *, by: str) -> Saved | None:
        """Do again what was undone last on a slice in this plane; None where nothing was."""
        return self._step(key, by=by, is_undo=False)

    def change_classes(self, change: Callable[[ClassList], ClassList]) -> ClassList:
        """Replace the class list by what ``change`` makes of it; to merge classes use `merge_classes`."""
        with self.lock():
            self._recover()
            new = change(self.classes)
            if new.unfinished:
                raise SettingsError(
                    "Classes are merged through the label set, which rewrites the volume as well."
                )
            write_classes(self.folder / CLASSES_FILE, new, self.scratch)
            return new

    def merge_classes(self, source: int, target: int) -> ClassList:
        """Give all voxels of class ``source`` the value of ``target``; an interrupted merge goes on when next opened.

        History and pseudo-labels are read with the new value from then on.
        """
        with self.lock():
            self._recover()
            write_classes(self.folder / CLASSES_FILE, self.classes.merge(source, target), self.scratch)
            self._finish_merges()
            return self.classes

    def new_group(self) -> str:
        """Draw an id that ties the changes of one action together."""
        return secrets.token_hex(ID_BYTES)

    def now(self) -> datetime:
        """Return the clock's time in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def _step(self, key: SliceKey, *, by: str, is_undo: bool) -> Saved | None:
        with self.lock():
            self._recover()
            self.locks.check(key, by=by)
            state = self.history.state(key)
            if (state.n_undo if is_undo else state.n_redo) == 0:
                return None
            position = state.n_done - 1 if is_undo else state.n_done
            step = self.history.read_step(key, state.steps[position]).translate(self.classes.resolve_table())
            old = self.read(key)
            new = step.undo(old) if is_undo else step.redo(old)
            n_voxels = int(np.count_nonzero(old != new))
            entry = self._entry(step, by=by, tool="undo" if is_undo else "redo", n_voxels=n_voxels)
            after = HistoryState(state.steps, state.sizes, position if is_undo else position + 1)
            return self._commit(Transaction(entry, self._box_of(step, new), after, None, b""))

    def _entry(
        self,
        change: Change,
        *,
        by: str,
        tool: str,
        source: Source = "human",
        group: str = "",
        note: str = "",
        n_voxels: int | None = None,
    ) -> LedgerEntry:
        return LedgerEntry(
            id=secrets.token_hex(ID_BYTES),
            when=self.now(),
            plane=change.key.plane,
            index=change.key.index,
            start=change.box.start,
            stop=change.box.stop,
            source=source,
            by=by,
            tool=tool,
            n_voxels=change.n_voxels if n_voxels is None else n_voxels,
            group=group,
            note=note,
        )

    def _box_of(self, change: Change, labels: np.ndarray) -> np.ndarray:
        return labels[change.window].reshape(change.box.shape)  # (z, y, x), one of them 1

    def _commit(self, transaction: Transaction) -> Saved:
        self.scratch.replace(self.folder / PENDING_FILE, transaction.encode())
        self._carry_out(transaction)
        return Saved(transaction.entry, transaction.state.n_undo, transaction.state.n_redo)

    def _carry_out(self, transaction: Transaction) -> None:
        if transaction.step_number is not None:
            self.history.write_step(transaction.key, transaction.step_number, transaction.step)
        self.volume.write_box(transaction.entry.box, transaction.voxels)
        self.history.write_state(transaction.key, transaction.state)
        self.ledger.append([transaction.entry])
        with writing(self.folder):
            (self.folder / PENDING_FILE).unlink()

    def _recover(self) -> None:
        """Finish what a killed process had begun; the lock is held, so that nobody else is at it."""
        content = read_bytes(self.folder / PENDING_FILE)
        if content is not None:
            self._carry_out(Transaction.decode(content))
            self.scratch.clear()
        if self.classes.unfinished:
            self._finish_merges()

    def _finish_merges(self) -> None:
        classes = self.classes
        table = classes.resolve_table()
        for box in self.volume.pieces():
            voxels = self.volume.read_box(box)
            self.volume.write_box(box, table[voxels])
        write_classes(self.folder / CLASSES_FILE, ClassList(classes.classes), self.scratch)
