"""A change on its way to disk: written down before anything is touched, so that it happens wholly or not at all."""

import json
from dataclasses import dataclass

import numpy as np

from sxt.errors import InputError
from sxt.labels.history import HistoryState
from sxt.labels.ledger import LedgerEntry, parse_entry
from sxt.labels.packing import pack, unpack
from sxt.labels.values import SliceKey

_HEADER_END = b"\n"


@dataclass(frozen=True)
class Transaction:
    """All that is written for one change; doing it twice gives the same as doing it once.

    Parameters
    ----------
    entry : LedgerEntry
        Its box is where ``voxels`` belong.
    voxels : ndarray
        The box as it will be, uint8.
    state : HistoryState
        Of the slice's history afterwards.
    step_number : int or None
        Of the step to store; None for undo and redo, whose step is there already.
    step : bytes
        The encoded step.
    """

    entry: LedgerEntry
    voxels: np.ndarray
    state: HistoryState
    step_number: int | None
    step: bytes

    @property
    def key(self) -> SliceKey:
        return self.entry.key

    def encode(self) -> bytes:
        """Return the transaction as bytes: a line of JSON, then the compressed voxels and the step."""
        packed = pack(self.voxels.tobytes())
        header = {
            "entry": self.entry.to_json(),
            "steps": self.state.steps,
            "sizes": self.state.sizes,
            "n_done": self.state.n_done,
            "step_number": self.step_number,
            "voxels_bytes": len(packed),
        }
        return json.dumps(header).encode() + _HEADER_END + packed + self.step

    @classmethod
    def decode(cls, content: bytes) -> "Transaction":
        """Return the transaction that `encode` made bytes of.

        Raises
        ------
        InputError
            Where they are damaged.
        """
        head, _, body = content.partition(_HEADER_END)
        try:
            header = json.loads(head)
            entry = parse_entry(header["entry"].encode())
            n_bytes = header["voxels_bytes"]
            values = np.frombuffer(unpack(body[:n_bytes]), np.uint8)
            if entry is None:
                raise ValueError("no entry")
            state = HistoryState(tuple(header["steps"]), tuple(header["sizes"]), header["n_done"])
            voxels = values.reshape(entry.box.shape)  # (z, y, x), one of them 1
            return cls(entry, voxels, state, header["step_number"], body[n_bytes:])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"A change that was interrupted cannot be finished, since its record is damaged ({error})."
            ) from error
