"""Who labelled what, when and how: one line of JSON a change, only ever appended."""

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sxt.errors import SettingsError
from sxt.labels.files import ends_in_half_a_line, writing
from sxt.labels.values import Box, Plane, SliceKey

Source = Literal["human", "imported", "pseudo"]
Decision = Literal["accepted", "edited", "rejected"]

SOURCES: tuple[Source, ...] = get_args(Source)
DECISIONS: tuple[Decision, ...] = get_args(Decision)
HOLD_OUT_TOOL = "hold-out"
"""Says that a slice was put into the hold-out or given back; no label changes."""

RECENT = 64
"""Entries among which a repeated one is looked for when an interrupted change is finished."""


@dataclass(frozen=True)
class LedgerEntry:
    """One change of one slice.

    Parameters
    ----------
    id : str
        Of this change.
    when : datetime
    plane, index
        The slice.
    start, stop : tuple of int
        The box (z, y, x) within which voxels changed.
    source : {"human", "imported", "pseudo"}
    by : str
        The person who did it or asked for it.
    tool : str
        What it was done with, for example ``brush``, ``undo`` or ``accept``.
    n_voxels : int
        How many voxels changed.
    model, model_sha256 : str
        ``name:version`` and the hash of its weights, where labels are a model's.
    confidence : float or None
        Mean confidence of pseudo-labels, in [0, 1].
    round : int or None
        Which round of pseudo-labels.
    decision : {"accepted", "edited", "rejected"} or None
        What a person decided on pseudo-labels.
    group : str
        The same for all changes of one action on several slices.
    note : str
        What else is worth knowing, for example the imported file's name.
    """

    id: str
    when: datetime
    plane: Plane
    index: int
    start: tuple[int, int, int]
    stop: tuple[int, int, int]
    source: Source
    by: str
    tool: str
    n_voxels: int
    model: str = ""
    model_sha256: str = ""
    confidence: float | None = None
    round: int | None = None
    decision: Decision | None = None
    group: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.source not in SOURCES or self.decision not in (None, *DECISIONS):
            raise SettingsError(
                f"Labels are {', '.join(SOURCES)} and decisions {', '.join(DECISIONS)}, "
                f"but this entry says {self.source!r} and {self.decision!r}."
            )

    @property
    def key(self) -> SliceKey:
        return SliceKey(self.plane, self.index)

    @property
    def box(self) -> Box:
        return Box(self.start, self.stop)

    def to_json(self) -> str:
        """Return the entry as one line of JSON, without what is not set."""
        content = {key: value for key, value in asdict(self).items() if value not in (None, "")}
        return json.dumps({**content, "when": self.when.isoformat()}, ensure_ascii=False)


_FIELDS = frozenset(field.name for field in fields(LedgerEntry))


class Ledger:
    """The ledger at ``path``; what was read once is kept, and only what was appended since is read again.

    Parameters
    ----------
    path : Path
        Need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: list[LedgerEntry] = []
        self._n_read = 0
        self._guard = threading.Lock()

    def entries(self) -> tuple[LedgerEntry, ...]:
        """Return all entries in the order they were made; a line that a killed writer left half is left out."""
        with self._guard:
            self._read_on()
            return tuple(self._entries)

    def __len__(self) -> int:
        with self._guard:
            self._read_on()
            return len(self._entries)

    def append(self, entries: Iterable[LedgerEntry]) -> None:
        """Add entries, but none that is there already; the label set's lock must be held."""
        with self._guard:
            self._read_on()
            known = {each.id for each in self._entries[-RECENT:]}
            lines = [each.to_json() + "\n" for each in entries if each.id not in known]
            if not lines:
                return
            with writing(self.path), self.path.open("ab") as stream:
                start = "\n" if ends_in_half_a_line(self.path) else ""
                stream.write((start + "".join(lines)).encode("utf-8"))

    def _read_on(self) -> None:
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._n_read)
                block = stream.read()
        except FileNotFoundError:
            return
        whole, end, _ = block.rpartition(b"\n")
        self._n_read += len(whole) + len(end)
        self._entries += [entry for line in whole.splitlines() if (entry := parse_entry(line)) is not None]


def steps_left(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Return the changes of labels that were not undone, slice by slice."""
    done: dict[SliceKey, list[LedgerEntry]] = {}
    undone: dict[SliceKey, list[LedgerEntry]] = {}
    for entry in entries:
        if entry.source == "pseudo" or entry.tool == HOLD_OUT_TOOL:
            continue
        steps, taken_back = done.setdefault(entry.key, []), undone.setdefault(entry.key, [])
        source, target = (taken_back, steps) if entry.tool == "redo" else (steps, taken_back)
        if entry.tool not in ("undo", "redo"):
            steps.append(entry)
            taken_back.clear()
        elif source:
            target.append(source.pop())
    return [entry for steps in done.values() for entry in steps]


def parse_entry(line: bytes) -> LedgerEntry | None:
    """Return the entry of a line, or None where the line holds none."""
    try:
        stored: dict[str, Any] = json.loads(line)
        known = {key: value for key, value in stored.items() if key in _FIELDS}
        known.update(
            when=datetime.fromisoformat(known["when"]), start=tuple(known["start"]), stop=tuple(known["stop"])
        )
        return LedgerEntry(**known)
    except (ValueError, TypeError, KeyError, AttributeError, SettingsError):
        return None
