"""Progress and cancellation, passed as arguments through every long-running core function."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from sxt.errors import Cancelled


@dataclass(frozen=True)
class Progress:
    """One progress report: ``done`` of ``total`` units of ``stage``.

    ``note`` carries a sentence worth showing, for example that the batch was halved for lack of memory.
    """

    stage: str
    done: int
    total: int
    note: str = ""


ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Accept a report and do nothing with it; the default callback."""


class CancelToken:
    """A flag that one thread sets and the working thread checks between units of work."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the work to stop; calling it again changes nothing."""
        self._event.set()

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` where `cancel` was called."""
        if self._event.is_set():
            raise Cancelled("The work was cancelled; nothing was written under its final name.")
