"""A bounded store of what was read lately; asked for by several threads at once, it is read once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np


class BlockCache:
    """Keeps the blocks that were used last, up to a number of bytes.

    Parameters
    ----------
    max_bytes : int
        A block that is larger than this is returned but not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._blocks: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._n_bytes = 0
        self._lock = threading.Lock()
        self._reading: dict[Hashable, threading.Lock] = {}

    @property
    def n_bytes(self) -> int:
        """Bytes held now."""
        return self._n_bytes

    def get(self, key: Hashable, read: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the block of that key; calls ``read`` where it is not held. Whoever gets it must not change it."""
        with self._lock:
            if (held := self._touch(key)) is not None:
                return held
            reading = self._reading.setdefault(key, threading.Lock())
        with reading:
            with self._lock:
                held = self._touch(key)
            if held is None:
                held = read()
                held.flags.writeable = False
                self._put(key, held)
        return held

    def _touch(self, key: Hashable) -> np.ndarray | None:
        held = self._blocks.get(key)
        if held is not None:
            self._blocks.move_to_end(key)
        return held

    def _put(self, key: Hashable, block: np.ndarray) -> None:
        with self._lock:
            self._reading.pop(key, None)
            if block.nbytes > self._max_bytes:
                return
            self._blocks[key] = block
            self._n_bytes += block.nbytes
            while self._n_bytes > self._max_bytes:
                _, oldest = self._blocks.popitem(last=False)
                self._n_bytes -= oldest.nbytes
