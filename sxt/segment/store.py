"""Probabilities on their way to disk: appended slab by slab, taken up again after an interruption."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from sxt.errors import SettingsError
from sxt.files import write_text_atomically

STATE_FILE = "state.json"
DATA_FILE = "probability.raw"


class PartialResult:
    """A folder with the probabilities of the slices done so far.

    Slices lie one after the other as (c, y, x) uint8. A slice counts as done only once its bytes are on the disk
    and the state says so; what a killed run wrote beyond that is overwritten.

    Parameters
    ----------
    folder : Path
        Made where absent.
    shape : tuple of int
        (c, z, y, x) of the whole result.
    fingerprint : dict
        Input, model and settings as JSON-able values; only a run with the same ones may go on.
    """

    def __init__(
        self, folder: Path, *, shape: tuple[int, int, int, int], fingerprint: dict[str, Any]
    ) -> None:
        self.folder = folder
        self._shape = shape
        self._fingerprint: dict[str, Any] = json.loads(json.dumps(fingerprint))
        self.n_done = 0
        self.extra: dict[str, Any] = {}

    @property
    def _slice_bytes(self) -> int:
        channels, _, y, x = self._shape
        return channels * y * x

    def start_anew(self) -> None:
        """Forget whatever an earlier run left."""
        self.remove()
        self.folder.mkdir(parents=True)
        (self.folder / DATA_FILE).touch()

    def take_up(self) -> None:
        """Go on from an earlier run of the same input, model and settings; start anew where there was none.

        Raises
        ------
        SettingsError
            Where the earlier run was another one.
        """
        state_file = self.folder / STATE_FILE
        if not state_file.exists():
            self.start_anew()
            return
        state = json.loads(state_file.read_text(encoding="utf-8"))
        differing = sorted(
            key
            for key in self._fingerprint.keys() | state["fingerprint"].keys()
            if self._fingerprint.get(key) != state["fingerprint"].get(key)
        )
        if differing:
            raise SettingsError(
                f"The interrupted run in {self.folder.parent} differs in {', '.join(differing)}; "
                "repeat its settings, or leave out --resume to start anew."
            )
        self.n_done = int(state["n_done"])
        self.extra = state["extra"]

    def append(self, probability: np.ndarray) -> None:
        """Store the next slices, (c, k, y, x) uint8."""
        data_file = self.folder / DATA_FILE
        with data_file.open("r+b") as stream:
            stream.seek(self.n_done * self._slice_bytes)
            stream.write(np.ascontiguousarray(probability.swapaxes(0, 1)).tobytes())
            stream.flush()
            os.fsync(stream.fileno())
        self.n_done += probability.shape[1]
        state = {"fingerprint": self._fingerprint, "n_done": self.n_done, "extra": self.extra}
        write_text_atomically(self.folder / STATE_FILE, json.dumps(state))

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return stored probabilities of slices ``start`` to ``stop``, (c, k, y, x) uint8."""
        channels, _, y, x = self._shape
        with (self.folder / DATA_FILE).open("rb") as stream:
            stream.seek(start * self._slice_bytes)
            data = stream.read((stop - start) * self._slice_bytes)
        slices = np.frombuffer(data, dtype=np.uint8).reshape(stop - start, channels, y, x)
        return slices.swapaxes(0, 1)

    def remove(self) -> None:
        """Delete the folder."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
