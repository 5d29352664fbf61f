"""Loaded by each worker of this machine as it starts: ends the worker when the server it belongs to has died.

Dask notices that by a pipe and a connection which the server holds open. Where the server has forked, as some 3D
viewers make it do, those stay open in the child, and a worker of a killed server would go on.
"""

import os
import threading
import time
from typing import Any

POLL_S = 0.2


def dask_setup(_worker: Any) -> None:
    """Begin to watch; Dask calls this."""
    threading.Thread(target=end_with, args=(os.getppid(),), name="parent-watch", daemon=True).start()


def end_with(parent_pid: int) -> None:
    """Wait until this process has another parent, then end it at once."""
    while os.getppid() == parent_pid:
        time.sleep(POLL_S)
    os._exit(1)
