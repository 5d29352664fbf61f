import pytest


@pytest.fixture
def stored(bench):
    """A comparison of both versions with all labels."""
    return bench.compare()
