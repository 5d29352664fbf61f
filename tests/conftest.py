"""What every test may use: the folder of real files, and the markers that skip with a reason."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA_DIR = (REPOSITORY / "../shared/data").resolve()
NO_SHARED_DATA = f"real files are not part of the project and there is no folder {SHARED_DATA_DIR}"
NO_GPU = "torch finds no CUDA device on this machine"


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
