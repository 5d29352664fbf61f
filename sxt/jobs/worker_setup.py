"""Loaded by each worker of this machine as it starts: lets pages go first, and ends the worker with its server.

A job takes every core it gets; a page that is looked at meanwhile should not wait for it.

That the server has died Dask notices by a pipe and a connection which the server holds open. Where the server has
forked, as some 3D viewers make it do, those stay open in the child, and a worker of a killed server would go on.
"""

import os
import threading
import time
from typing import Any

POLL_S = 0.2
NICENESS = 10


def dask_setup(_worker: Any) -> None:
    """Step back and begin to watch; Dask calls this."""
    os.nice(NICENESS)
    threading.Thread(target=end_with, args=(os.getppid(),), name="parent-watch", daemon=True).start()


def end_with(parent_pid: int) -> None:
    """Wait until this process has another parent, then end it at once."""
    while os.getppid() == parent_pid:
        time.sleep(POLL_S)
    os._exit(1)
