"""Pseudo-labels of a label set: made in rounds, reviewed slice by slice, reverted a round at a time."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from sxt.errors import SettingsError
from sxt.labels.files import writing
from sxt.labels.label_set import ID_BYTES, PSEUDO_FOLDER, LabelSet
from sxt.labels.ledger import HOLD_OUT_TOOL, Decision, LedgerEntry, steps_left
from sxt.labels.rounds import PseudoSlice, RoundFolder, RoundInfo, list_rounds
from sxt.labels.tools.between import DRIFT_PX, propagate_labels
from sxt.labels.values import UNLABELLED, SliceKey, slice_box

CARRYING_TOOLS = ("interpolate", "copy", "accept", "reject")
"""What puts labels on a slice that nobody drew there."""


@dataclass(frozen=True)
class ReviewItem:
    """A slice of the review queue.

    Parameters
    ----------
    index : int
        Along z.
    round : RoundInfo
        Where its pseudo-labels come from.
    confidence : float
        Their mean, in [0, 1].
    decision : {"accepted", "edited", "rejected"} or None
        None while nobody has decided.
    decided_by : str
    decided_at : datetime or None
    """

    index: int
    round: RoundInfo
    confidence: float
    decision: Decision | None = None
    decided_by: str = ""
    decided_at: datetime | None = None

    @property
    def is_trained_on(self) -> bool:
        """Whether training sees it."""
        return self.decision in ("accepted", "edited")


class RoundWriter:
    """Takes the slices of a round; made by `PseudoLabels.new_round`."""

    def __init__(self, labels: LabelSet, folder: RoundFolder) -> None:
        self._labels = labels
        self._folder = folder
        self.confidences: dict[int, float] = {}

    def add(self, z: int, classes: np.ndarray, confidence: np.ndarray) -> None:
        """Store the pseudo-labels of a slice: (y, x) uint8 classes with 255 for uncertain, and uint8 confidence.

        Raises
        ------
        HoldOutError
            Where the slice is held out.
        SettingsError
            Another shape, or a value that is no class.
        """
        self._labels.hold_out.refuse([z], what="A round of pseudo-labels")
        pseudo = PseudoSlice(classes, confidence)
        self._labels.classes.check_values(np.unique(classes).tolist())
        self._folder.write(z, pseudo)
        self.confidences[z] = pseudo.mean_confidence


class PseudoLabels:
    """The pseudo-labels beside a label set."""

    def __init__(self, labels: LabelSet) -> None:
        self._labels = labels
        self.root = labels.folder / PSEUDO_FOLDER

    def rounds(self) -> tuple[RoundInfo, ...]:
        """Return all rounds, reverted ones too, in the order they were made."""
        return tuple(list_rounds(self.root))

    @contextlib.contextmanager
    def new_round(
        self,
        *,
        by: str,
        model: str = "",
        model_sha256: str = "",
        temperature: float = 1.0,
        note: str = "",
    ) -> Iterator[RoundWriter]:
        """Make a round; it appears when the block ends without an error and at least one slice was added.

        Parameters
        ----------
        by : str
            Who asked for it.
        model, model_sha256 : str
            ``name:version`` and the hash of its weights.
        temperature : float
        note : str
            How it was made.

        Yields
        ------
        RoundWriter
            Its ``add`` takes the slices in any order.

        Raises
        ------
        HoldOutError
            Where a slice is held out, or was put into the hold-out meanwhile.
        """
        partial = self.root / f".{secrets.token_hex(4)}.partial"
        folder = RoundFolder(partial)
        try:
            folder.create(self._labels.shape)
            writer = RoundWriter(self._labels, folder)
            yield writer
            if writer.confidences:
                slices = tuple(sorted(writer.confidences))
                info = RoundInfo(
                    number=0,
                    when=self._labels.now(),
                    by=by,
                    slices=slices,
                    confidences=tuple(writer.confidences[z] for z in slices),
                    model=model,
                    model_sha256=model_sha256,
                    temperature=temperature,
                    note=note,
                )
                self._publish(folder, info)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def review_queue(self, *, is_open: bool = False) -> tuple[ReviewItem, ...]:
        """Return the slices that have pseudo-labels, the least confident first, or those not decided on alone."""
        latest: dict[int, ReviewItem] = {}
        for info in self.rounds():
            if not info.is_reverted:
                pairs = zip(info.slices, info.confidences, strict=True)
                latest.update({z: ReviewItem(z, info, confidence) for z, confidence in pairs})
        for entry in self._labels.ledger.entries():
            item = latest.get(entry.index)
            if entry.decision is not None and item is not None and entry.round == item.round.number:
                latest[entry.index] = replace(
                    item, decision=entry.decision, decided_by=entry.by, decided_at=entry.when
                )
        held_out = set(self._labels.hold_out.list())
        items = [each for each in latest.values() if each.index not in held_out]
        wanted = [each for each in items if each.decision is None or not is_open]
        return tuple(sorted(wanted, key=lambda each: (each.confidence, each.index)))

    def find(self, z: int) -> ReviewItem | None:
        """Return what is known of a slice's pseudo-labels; None where it has none."""
        return next((each for each in self.review_queue() if each.index == z), None)

    def read(self, z: int, *, round_number: int | None = None) -> PseudoSlice | None:
        """Return a slice's pseudo-labels of a round, by default the latest that has some; None where there are none.

        Merged classes have their new value.
        """
        if round_number is None:
            item = self.find(z)
            if item is None:
                return None
            round_number = item.round.number
        stored = self._folder(round_number).read(z)
        return replace(stored, labels=self._labels.classes.resolve_table()[stored.labels])

    def decide(self, z: int, decision: Decision, *, by: str) -> ReviewItem:
        """Accept or reject the pseudo-labels of a slice; a decision can be changed.

        Raises
        ------
        HoldOutError
            Where the slice is held out.
        SettingsError
            Where it has no pseudo-labels.
        """
        if decision == "edited":
            raise SettingsError("An edited slice needs its new labels; use edit.")
        with self._labels.lock():
            item = self._get(z)
            self._log([(z, item.confidence)], item.round, by=by, tool="review", decision=decision)
        return self._get(z)

    def edit(self, z: int, labels: np.ndarray, *, by: str) -> ReviewItem:
        """Replace the pseudo-labels of a slice by what a person made of them, and accept that.

        They stay beside the human labels, and go when the round is reverted.

        Parameters
        ----------
        labels : ndarray
            (y, x) uint8.
        """
        with self._labels.lock():
            item = self._get(z)
            self._labels.classes.check_values(np.unique(labels).tolist())
            edited = self._folder(item.round.number).write_edit(z, labels)
            self._log([(z, edited.mean_confidence)], item.round, by=by, tool="review", decision="edited")
        return self._get(z)

    def revert_round(self, number: int, *, by: str) -> RoundInfo:
        """Take a whole round back, with all that was decided on it; slices show those of the round before again.

        Raises
        ------
        SettingsError
            Where there is no such round, or it was reverted already.
        """
        with self._labels.lock():
            info = next((each for each in self.rounds() if each.number == number), None)
            if info is None or info.is_reverted:
                raise SettingsError(f"There is no round {number} to revert; look at the list of rounds.")
            reverted = replace(info, reverted_by=by)
            self._folder(number).write_info(reverted)
            pairs = list(zip(info.slices, info.confidences, strict=True))
            self._log(pairs, info, by=by, tool="revert round", decision="rejected")
            self._folder(number).remove_volumes()
        return reverted

    def mark_hold_out(self, slices: Sequence[int], *, by: str) -> tuple[int, ...]:
        """Hold slices along z out of training; returns all that are held out.

        What was undone on them cannot be done again.

        Raises
        ------
        SettingsError
            Where one has pseudo-labels, or labels that were interpolated, copied or accepted from a model rather than
            drawn.
        """
        with self._labels.lock():
            self._check_human_alone(slices)
            old = self._labels.hold_out.list()
            self._labels.history.forget_undone(set(slices))  # it may have come from a model
            self._labels.hold_out.write([*old, *slices])
            new = [z for z in sorted(set(slices)) if z not in old]
            self._labels.ledger.append([self._entry(z, by=by, tool=HOLD_OUT_TOOL) for z in new])
        return self._labels.hold_out.list()

    def unmark_hold_out(self, slices: Sequence[int], *, by: str) -> tuple[int, ...]:
        """Give slices back to training; measurements made on them do not count for models trained afterwards."""
        with self._labels.lock():
            old = self._labels.hold_out.list()
            self._labels.hold_out.write(set(old) - set(slices))
            gone = [z for z in old if z in slices]
            self._labels.ledger.append(
                [self._entry(z, by=by, tool=HOLD_OUT_TOOL, note="given back") for z in gone]
            )
        return self._labels.hold_out.list()

    def propagate(self, z: int, *, reach: int, by: str, drift_px: float = DRIFT_PX) -> RoundInfo | None:
        """Make a round of a slice's labels for up to ``reach`` neighbours on both sides, less sure the farther away.

        Hold-out neighbours are left out. Returns None where nothing is left to propagate to.

        Raises
        ------
        HoldOutError
            Where the slice itself is held out.
        SettingsError
            Where it is not labelled.
        """
        self._labels.hold_out.refuse([z], what=f"Propagating slice {z}")
        labels = self._labels.read(SliceKey("z", z))
        if (labels == UNLABELLED).all():
            raise SettingsError(f"Slice z {z} is not labelled; label it first.")
        held_out = set(self._labels.hold_out.list())
        neighbours = range(max(0, z - reach), min(self._labels.shape[0], z + reach + 1))
        with self.new_round(by=by, note=f"propagated from slice {z}") as writer:
            for other in neighbours:
                if other != z and other not in held_out:
                    carried = propagate_labels(labels, abs(other - z), drift_px=drift_px)
                    writer.add(other, carried.labels, carried.confidence)
        return self.rounds()[-1] if writer.confidences else None

    def _publish(self, folder: RoundFolder, info: RoundInfo) -> None:
        with self._labels.lock():
            self._labels.hold_out.refuse(info.slices, what="A round of pseudo-labels")
            logged = [each.round or 0 for each in self._labels.ledger.entries()]
            number = 1 + max([0, *logged, *(each.number for each in self.rounds())])
            numbered = replace(info, number=number)
            folder.write_info(numbered)
            pairs = list(zip(info.slices, info.confidences, strict=True))
            self._log(pairs, numbered, by=info.by, tool="propose" if info.model else "propagate")
            with writing(self.root):
                folder.path.rename(self.root / str(number))

    def _check_human_alone(self, slices: Sequence[int]) -> None:
        for z in slices:
            slice_box(self._labels.shape, SliceKey("z", z))
            item = self.find(z)
            if item is not None and item.decision != "rejected":
                raise SettingsError(
                    f"Slice z {z} has pseudo-labels of round {item.round.number}; "
                    "reject them or revert the round first."
                )
        carried = [each for each in steps_left(self._labels.ledger.entries()) if each.tool in CARRYING_TOOLS]
        for z in slices:
            if any(each.start[0] <= z < each.stop[0] for each in carried):
                raise SettingsError(
                    f"Slice z {z} has labels that were interpolated, copied or accepted from a model; "
                    "undo these first, or hold out a slice drawn by people."
                )

    def _get(self, z: int) -> ReviewItem:
        self._labels.hold_out.refuse([z], what="Reviewing pseudo-labels")
        item = self.find(z)
        if item is None:
            raise SettingsError(f"Slice z {z} has no pseudo-labels; propose some first.")
        return item

    def _folder(self, number: int) -> RoundFolder:
        return RoundFolder(self.root / str(number))

    def _log(
        self,
        slices: Sequence[tuple[int, float]],
        info: RoundInfo,
        *,
        by: str,
        tool: str,
        decision: Decision | None = None,
    ) -> None:
        entries = [
            replace(
                self._entry(z, by=by, tool=tool, note=info.note),
                source="pseudo",
                model=info.model,
                model_sha256=info.model_sha256,
                confidence=confidence,
                round=info.number,
                decision=decision,
            )
            for z, confidence in slices
        ]
        self._labels.ledger.append(entries)

    def _entry(self, z: int, *, by: str, tool: str, note: str = "") -> LedgerEntry:
        box = slice_box(self._labels.shape, SliceKey("z", z))
        return LedgerEntry(
            id=secrets.token_hex(ID_BYTES),
            when=self._labels.now(),
            plane="z",
            index=z,
            start=box.start,
            stop=box.stop,
            source="human",
            by=by,
            tool=tool,
            n_voxels=0,
            note=note,
        )
