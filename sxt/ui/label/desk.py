"""What the label canvas works on: opened labels, what is known of their slices, and the edits made on them."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sxt.errors import InputError, SettingsError
from sxt.labels import LabelSet, LedgerEntry, PseudoLabels, SliceHeldError, SliceKey
from sxt.labels.label_set import CLASSES_FILE
from sxt.labels.ledger import HOLD_OUT_TOOL
from sxt.labels.packing import pack, unpack
from sxt.labels.values import PLANES
from sxt.ui.viewer.locate import open_volume
from sxt.workspace import Workspace
from sxt.workspace.matching import match_classes

WorkspaceGetter = Callable[[], Workspace]

MAX_OPEN = 16
GREY_SLICES = 12
PSEUDO_STEPS = 50
"""Steps that can be undone on the pseudo-labels of a slice, as long as the server runs."""

NO_REVISION = "none"


@dataclass(frozen=True)
class SliceState:
    """What the canvas is told of a slice.

    Parameters
    ----------
    revision : str
        Another one says that the slice has changed.
    saved_at : str or None
        When its labels were changed last, ISO 8601; None where they never were.
    touched_at : str or None
        The same, with its pseudo-labels and decisions on them.
    n_undo, n_redo : int
    holder : str or None
        Who has the slice.
    is_mine : bool
        Whether whoever asks may change it now.
    n_labelled : int
        Labelled slices along z.
    has_pseudo, is_hold_out : bool
    """

    revision: str
    saved_at: str | None
    touched_at: str | None
    n_undo: int
    n_redo: int
    holder: str | None
    is_mine: bool
    n_labelled: int
    has_pseudo: bool
    is_hold_out: bool


@dataclass
class _Steps:
    """What can be undone and redone on the pseudo-labels of a slice, packed."""

    undo: deque[bytes] = field(default_factory=lambda: deque(maxlen=PSEUDO_STEPS))
    redo: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class _Counts:
    """Labelled slices along z, and those with pseudo-labels, when the ledger had ``n_entries``."""

    n_entries: int = -1
    n_labelled: int = 0
    pseudo: frozenset[int] = frozenset()


class OpenLabels:
    """One set of labels with an index of its ledger by slice."""

    def __init__(self, labels: LabelSet) -> None:
        self.labels = labels
        self.pseudo = PseudoLabels(labels)
        self.steps: dict[int, _Steps] = {}
        self._guard = threading.Lock()
        self._n_read = 0
        self._last = self._unknown()  # number of the last entry, by axis and slice
        self._last_drawn = self._unknown()  # of those that are no pseudo-labels
        self._counts = _Counts()

    def last_entry(self, key: SliceKey, *, is_drawn: bool = False) -> LedgerEntry | None:
        """Return the last entry that touched a slice, in any plane; with ``is_drawn`` none of pseudo-labels."""
        entries = self.labels.ledger.entries()
        with self._guard:
            for number in range(self._n_read, len(entries)):
                self._note(entries[number], number)
            self._n_read = max(self._n_read, len(entries))
            found = int((self._last_drawn if is_drawn else self._last)[key.axis][key.index])
        return entries[found] if found >= 0 else None

    def counts(self) -> "_Counts":
        """Return what is labelled and has pseudo-labels; counted again only when the ledger has grown."""
        n_entries = len(self.labels.ledger.entries())
        if self._counts.n_entries != n_entries:
            pseudo = frozenset(item.index for item in self.pseudo.review_queue())
            self._counts = _Counts(n_entries, len(self.labels.volume.list_slices()), pseudo)
        return self._counts

    def revision(self, key: SliceKey) -> str:
        """Return a text that changes whenever labels or pseudo-labels of a slice do."""
        entry = self.last_entry(key)
        stamp = (self.labels.folder / CLASSES_FILE).stat().st_mtime_ns
        return f"{NO_REVISION if entry is None else entry.id}-{stamp:x}"

    def _note(self, entry: LedgerEntry, number: int) -> None:
        is_drawn = entry.source != "pseudo" and entry.tool != HOLD_OUT_TOOL
        for last in (self._last, self._last_drawn) if is_drawn else (self._last,):
            for numbers, start, stop in zip(last, entry.start, entry.stop, strict=True):
                numbers[start:stop] = number

    def _unknown(self) -> list[np.ndarray]:
        return [np.full(size, -1) for size in self.labels.shape]


class LabelDesk:
    """Reads and changes slices for the label canvas; rows and columns are those that the viewer shows.

    Parameters
    ----------
    get_workspace : callable
        Called for each request.

    Notes
    -----
    A slice of plane x is shown with y down and z across, while labels and their tools hold (z, y): it is transposed
    here, in both directions.
    """

    def __init__(self, get_workspace: WorkspaceGetter) -> None:
        self._get_workspace = get_workspace
        self._open: OrderedDict[str, tuple[Hashable, OpenLabels]] = OrderedDict()
        self._grey: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._guard = threading.Lock()
        self._superpixels: Any = None

    def open(self, item_id: str) -> OpenLabels:
        """Return the labels of a tomogram; raises `InputError` where there are none."""
        folder = self._get_workspace().labels.path(item_id)
        mark = _mark(folder)
        with self._guard:
            known = self._open.get(item_id)
            if known is not None and known[0] == mark:
                self._open.move_to_end(item_id)
                return known[1]
        labels = self._get_workspace().find_labels(item_id)
        if labels is None:
            raise InputError(f"There are no labels of {item_id!r}; open the page Label again.")
        opened = OpenLabels(labels)
        with self._guard:
            self._open[item_id] = (mark, opened)
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
        return opened

    def state(self, item_id: str, key: SliceKey, *, by: str) -> SliceState:
        """Return what is known of a slice."""
        opened = self.open(item_id)
        _checked(opened.labels, key)
        entry, touched = opened.last_entry(key, is_drawn=True), opened.last_entry(key)
        steps = opened.labels.state(key)
        hold = opened.labels.locks.find(key)
        counts = opened.counts()
        return SliceState(
            revision=opened.revision(key),
            saved_at=None if entry is None else entry.when.isoformat(),
            touched_at=None if touched is None else touched.when.isoformat(),
            n_undo=steps.n_undo,
            n_redo=steps.n_redo,
            holder=None if hold is None else hold.person,
            is_mine=hold is None or hold.person == by,
            n_labelled=counts.n_labelled,
            has_pseudo=key.plane == "z" and key.index in counts.pseudo,
            is_hold_out=key.plane == "z" and key.index in opened.labels.hold_out.list(),
        )

    def hold(self, item_id: str, key: SliceKey, *, by: str) -> None:
        """Take a slice, or go on holding it; nothing happens where somebody else has it."""
        labels = self.open(item_id).labels
        labels.locks.take(_checked(labels, key), by=by)

    def give_back(self, item_id: str, key: SliceKey, *, by: str) -> None:
        """Let others have a slice."""
        self.open(item_id).labels.locks.give_back(key, by=by)

    def read(self, item_id: str, key: SliceKey) -> np.ndarray:
        """Return the labels of a slice as it is shown."""
        opened = self.open(item_id)
        return _turn(key, opened.labels.read(_checked(opened.labels, key)))

    def read_pseudo(self, item_id: str, z: int, *, what: str) -> np.ndarray:
        """Return pseudo-labels of a slice along z, or with ``what`` "confidence" how sure they are."""
        found = self.open(item_id).pseudo.read(z)
        if found is None:
            raise InputError(f"Slice z {z} has no pseudo-labels; propose some first.")
        return found.confidence if what == "confidence" else found.labels

    def disagreement(self, item_id: str, z: int, first: str, second: str) -> np.ndarray:
        """Return how far two segmentations lie apart on a slice along z, uint8, the largest of their classes."""
        from sxt.labels import disagreement_between

        key = SliceKey("z", z)
        planes = []
        for each in (first, second):
            probability, values = self._proposals(item_id, key, each)
            planes.append(dict(zip(values, probability, strict=True)))
        shared = [value for value in planes[0] if value in planes[1]]
        if not shared:
            raise SettingsError("The two segmentations share no class; choose others to compare.")
        one, other = (
            np.stack([plane[value] for value in shared])[:, None] for plane in planes
        )  # (c, 1, y, x)
        return np.rint(255 * disagreement_between(one, other).max(axis=0)[0]).astype(np.uint8)

    def kept_disagreement(self, item_id: str, z: int) -> np.ndarray:
        """Return the disagreement that was kept when the slices were ranked, (y, x) uint8, of a slice along z."""
        from sxt.workspace.suggesting import read_map, read_scores

        labels = self.open(item_id).labels
        scores = read_scores(labels)
        if scores is None:
            raise InputError("The slices were not ranked yet; rank them first.")
        return read_map(labels, scores, z)

    def edit(self, item_id: str, key: SliceKey, body: bytes, *, by: str) -> np.ndarray:
        """Make the edit that a request describes; returns the slice as it is now on disk.

        Raises
        ------
        SettingsError
            A request that cannot be read, or that makes no sense for the slice.
        SliceHeldError
            Where somebody else has the slice.
        """
        from sxt.ui.label.edits import parse_request

        request = parse_request(body)
        opened = self.open(item_id)
        labels = opened.labels
        hold = labels.locks.take(_checked(labels, key), by=by)
        if hold.person != by:
            raise SliceHeldError(f"{hold.person} is labelling this slice; yours was not kept.", hold.person)
        if request.target == "pseudo":
            return self._edit_pseudo(item_id, opened, key, request.edit, by=by)
        if request.edit.tool in ("undo", "redo"):
            step = labels.undo if request.edit.tool == "undo" else labels.redo
            step(key, by=by)
            return self.read(item_id, key)
        if request.edit.takes_from_model:
            what = "Copying" if request.edit.tool == "copy" else "Accepting a proposal"
            labels.hold_out.refuse_slice(key, labels.shape[0], what=what)
        apply = partial(self._apply, item_id, key, request.edit)
        labels.change(key, apply, by=by, tool=request.edit.tool, note=_note(request.edit))
        return self.read(item_id, key)

    def _apply(self, item_id: str, key: SliceKey, edit: Any, old: np.ndarray) -> np.ndarray:
        new = edit.apply(np.ascontiguousarray(_turn(key, old)), self._context(item_id, key))
        return np.ascontiguousarray(_turn(key, new))

    def _edit_pseudo(
        self, item_id: str, opened: OpenLabels, key: SliceKey, edit: Any, *, by: str
    ) -> np.ndarray:
        """Change the pseudo-labels of a slice along z, which accepts them as edited."""
        if key.plane != "z":
            raise SettingsError("Pseudo-labels are edited along z; choose that plane.")
        old = self.read_pseudo(item_id, key.index, what="labels")
        steps = opened.steps.setdefault(key.index, _Steps())
        if edit.tool in ("undo", "redo"):
            source, other = (steps.undo, steps.redo) if edit.tool == "undo" else (steps.redo, steps.undo)
            if not source:
                return old
            new = np.frombuffer(unpack(source.pop()), np.uint8).reshape(old.shape)  # (y, x)
            other.append(pack(old.tobytes()))
        else:
            new = edit.apply(old.copy(), self._context(item_id, key))
            if np.array_equal(old, new):
                return old
            steps.undo.append(pack(old.tobytes()))
            steps.redo.clear()
        opened.pseudo.edit(key.index, new, by=by)
        return new

    def _context(self, item_id: str, key: SliceKey) -> Any:
        from sxt.labels.tools import SuperpixelCache, SuperpixelSettings
        from sxt.ui.label.edits import SliceContext

        if self._superpixels is None:
            self._superpixels = SuperpixelCache()
        grey = partial(self._read_grey, item_id, key)

        def superpixels(settings: SuperpixelSettings) -> np.ndarray:
            found: np.ndarray = self._superpixels.get((item_id, key), grey, settings)
            return found

        return SliceContext(
            grey=grey,
            superpixels=superpixels,
            proposals=partial(self._proposals, item_id, key),
            labels=lambda index: self.read(item_id, SliceKey(key.plane, index)),
        )

    def _read_grey(self, item_id: str, key: SliceKey) -> np.ndarray:
        """Return the grey values of a slice as it is shown."""
        volume = open_volume(self._get_workspace(), "tomogram", item_id)
        name = (volume.name, key)
        with self._guard:
            if name in self._grey:
                self._grey.move_to_end(name)
                return self._grey[name]
        values = _turn(key, np.take(volume.levels[0].read(_region(volume.shape, key))[0], 0, axis=key.axis))
        with self._guard:
            self._grey[name] = values
            while len(self._grey) > GREY_SLICES:
                self._grey.popitem(last=False)
        return values

    def _proposals(
        self, item_id: str, key: SliceKey, segmentation_id: str
    ) -> tuple[np.ndarray, Sequence[int]]:
        """Return a segmentation's probability on a slice as it is shown, and the label class of each channel."""
        workspace = self._get_workspace()
        segmentation = workspace.segmentations.get(segmentation_id)
        if segmentation.tomogram_id != item_id:
            raise InputError(
                f"The segmentation {segmentation.name!r} belongs to another tomogram; choose again."
            )
        labels = self.open(item_id).labels
        values = match_classes(labels.classes, segmentation.classes)
        stored = workspace.open_probability(segmentation_id)  # (c, z, y, x)
        first, n_slices = segmentation.first_slice, stored.shape[1]
        if key.plane == "z":
            if not first <= key.index < first + n_slices:
                raise SettingsError(
                    f"The segmentation has slices {first} to {first + n_slices - 1}; choose one of these."
                )
            return np.asarray(stored[:, key.index - first]), values
        found = np.zeros(
            (stored.shape[0], labels.shape[0], labels.shape[2 if key.plane == "y" else 1]), np.uint8
        )
        part = stored[:, :, key.index] if key.plane == "y" else stored[:, :, :, key.index]
        found[:, first : first + n_slices] = part  # (c, z, x) or (c, z, y)
        return (found if key.plane == "y" else found.transpose(0, 2, 1)), values


def _turn(key: SliceKey, values: np.ndarray) -> np.ndarray:
    """Return a slice as it is shown, from how it is stored, or the other way round."""
    return values.T if key.plane == "x" else values


def _checked(labels: LabelSet, key: SliceKey) -> SliceKey:
    """Return ``key`` where the labels have such a slice."""
    if key.index >= labels.shape[key.axis]:
        raise InputError(f"There is no slice {key}; the labels end at {labels.shape[key.axis] - 1}.")
    return key


def _region(shape: tuple[int, int, int], key: SliceKey) -> tuple[slice, slice, slice]:
    z, y, x = (
        slice(key.index, key.index + 1) if plane == key.plane else slice(0, size)
        for plane, size in zip(PLANES, shape, strict=True)
    )
    return (z, y, x)


def _note(edit: Any) -> str:
    """Return what the ledger should say beside the tool."""
    if edit.tool == "copy":
        return f"from {edit.source}"
    return f"segmentation {edit.segmentation}" if edit.tool in ("accept", "reject") else ""


def _mark(folder: Path) -> Hashable:
    """Return what tells this folder from another that took its place."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_dev)
