"""What the dashboard works on under test: a workspace of its own."""

from collections.abc import Iterator

import pytest

from sxt.ui.services import Services, open_services, use_services
from sxt.ui.settings import ServerSettings


@pytest.fixture
def opened(tmp_path) -> Iterator[Services]:
    """The services of an empty workspace, in force for pages and routes."""
    with use_services(open_services(ServerSettings(tmp_path / "opened"))) as services:
        yield services
