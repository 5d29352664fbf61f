"""The log of a job: lines with their time, and tracebacks."""

import contextlib
import logging
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

from sxt.workspace.clock import utc_now

LOG_FILE = "log.txt"
TAIL_BYTES = 1 << 18


class JobLog:
    """The ``log.txt`` in a job's folder; each line is appended at once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG_FILE

    def write(self, text: str) -> None:
        """Append a line with the time."""
        line = f"{utc_now():%Y-%m-%d %H:%M:%S} UTC  {text}\n"
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(line)

    def write_traceback(self, error: BaseException) -> None:
        """Append the traceback of an error."""
        self.write("".join(traceback.format_exception(error)).rstrip())

    @contextlib.contextmanager
    def collecting_warnings(self) -> Iterator[None]:
        """Append what libraries log as a warning or worse while the block runs."""
        handler = logging.FileHandler(self._path, encoding="utf-8", delay=True)
        handler.setLevel(logging.WARNING)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            root.removeHandler(handler)
            handler.close()

    def read(self, *, limit_bytes: int = TAIL_BYTES) -> str:
        """Return the log, or its end where it is long; empty where nothing was logged."""
        try:
            with self._path.open("rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - limit_bytes))
                text = stream.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return text if size <= limit_bytes else "…" + text[text.find("\n") :]
