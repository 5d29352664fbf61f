"""Spawned processes that do not run the main module of the process that starts them.

Python's ``spawn`` runs the file of ``sys.modules["__main__"]`` in each new process. Under Streamlit that is whatever
script drew a page last, which must not run in a worker: nothing of it is needed there, and it ends the worker.
"""

from multiprocessing import spawn
from typing import Any

MAIN_MODULE_KEYS = ("init_main_from_name", "init_main_from_path")

_with_main_module = spawn.get_preparation_data


def leave_out_main_module() -> None:
    """Keep the main module out of all processes that this one spawns from now on; may be called again."""
    spawn.get_preparation_data = _without_main_module


def _without_main_module(name: str) -> dict[str, Any]:
    data = _with_main_module(name)
    return {key: value for key, value in data.items() if key not in MAIN_MODULE_KEYS}
