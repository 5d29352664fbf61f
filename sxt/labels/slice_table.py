"""What is known of every labelled slice along z, gathered from volume and ledger for lists and rails."""

from dataclasses import dataclass

import numpy as np

from sxt.labels.label_set import LabelSet
from sxt.labels.ledger import LedgerEntry, Source


@dataclass(frozen=True)
class SliceSummary:
    """One labelled slice along z.

    Parameters
    ----------
    index : int
    source : {"human", "imported"}
        Of the last change in it that was not undone or redone.
    by, last : str, LedgerEntry or None
        Who changed it last, and that entry; None where the ledger knows nothing of it.
    n_changes : int
        Entries that touched it, in any plane.
    is_hold_out : bool
    """

    index: int
    source: Source
    by: str
    last: LedgerEntry | None
    n_changes: int
    is_hold_out: bool


def list_labelled_slices(labels: LabelSet) -> tuple[SliceSummary, ...]:
    """Return the slices along z that hold labels of people, in rising order; pseudo-labels are not among them."""
    n_slices = labels.shape[0]
    last = np.full(n_slices, -1)
    last_content = np.full(n_slices, -1)
    n_changes = np.zeros(n_slices, int)
    entries = labels.ledger.entries()
    for number, entry in enumerate(entries):
        if entry.source == "pseudo" or entry.tool == "hold-out":
            continue
        span = slice(entry.start[0], entry.stop[0])
        last[span] = number
        n_changes[span] += 1
        if entry.tool not in ("undo", "redo"):
            last_content[span] = number
    held_out = set(labels.hold_out.list())
    return tuple(
        SliceSummary(
            index=z,
            source=entries[last_content[z]].source if last_content[z] >= 0 else "human",
            by=entries[last[z]].by if last[z] >= 0 else "",
            last=entries[last[z]] if last[z] >= 0 else None,
            n_changes=int(n_changes[z]),
            is_hold_out=z in held_out,
        )
        for z in labels.volume.list_slices()
    )
