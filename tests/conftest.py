"""What every test may use: the folder of real files, the markers that skip with a reason, and drawn examples.

Hypothesis draws the same examples on every run, so that a run repeats; ``HYPOTHESIS_PROFILE=search`` draws new ones.
"""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("repeat", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA_DIR = (REPOSITORY / "../shared/data").resolve()
NO_SHARED_DATA = f"real files are not part of the project and there is no folder {SHARED_DATA_DIR}"
NO_GPU = "torch finds no CUDA device on this machine"


MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def main_module() -> None:
    """Take back ``__main__``, which a page under test replaces: processes that are spawned would run that page."""
    sys.modules["__main__"] = MAIN


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked ``gpu`` or ``shared_data`` where what they need is absent."""
    _skip_marked(items, "gpu", NO_GPU, is_available=_has_cuda)
    _skip_marked(items, "shared_data", NO_SHARED_DATA, is_available=SHARED_DATA_DIR.is_dir)


@pytest.fixture(scope="session")
def shared_data_dir() -> Path:
    """The folder of real files; a test that asks for it is skipped where it is absent, marked or not."""
    if not SHARED_DATA_DIR.is_dir():
        pytest.skip(NO_SHARED_DATA)
    return SHARED_DATA_DIR


def _skip_marked(items: list[pytest.Item], marker: str, reason: str, *, is_available) -> None:
    marked = [item for item in items if item.get_closest_marker(marker)]
    if marked and not is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()
