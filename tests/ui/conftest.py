"""What the dashboard works on under test: a workspace of its own."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sxt.ui.services import Services, open_services, use_services
from sxt.ui.settings import ServerSettings
from sxt.workspace import Workspace

if TYPE_CHECKING:
    from tests.ui.metrics.items import Bench


@pytest.fixture
def opened(tmp_path) -> Iterator[Services]:
    """The services of an empty workspace, in force for pages and routes."""
    with use_services(open_services(ServerSettings(tmp_path / "opened"))) as services:
        yield services


@pytest.fixture(scope="session")
def made_bench(tmp_path_factory) -> "Bench":
    """A workspace with a comparison, made once; `bench` works on a copy of it."""
    from tests.ui.metrics.items import make_bench

    folder = tmp_path_factory.mktemp("bench")
    bench = make_bench(Workspace(folder / "workspace"), folder)
    bench.compare()
    return bench


@pytest.fixture
def bench(opened: Services, made_bench: "Bench") -> "Bench":
    """A labelled tomogram and two versions in the workspace of `opened`, segmented but not compared."""
    root, copy = made_bench.workspace.root, opened.workspace.root
    for name in ("tomograms", "segmentations", "labels"):
        shutil.copytree(root / name, copy / name, dirs_exist_ok=True)
    return replace(made_bench, workspace=opened.workspace)
