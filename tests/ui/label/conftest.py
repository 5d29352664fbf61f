"""A tomogram with labels, a segmentation of it, and a client of the label routes."""

import gzip
import json
from dataclasses import dataclass
from urllib.parse import unquote

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sxt.labels import ClassList, LabelSet
from sxt.ui.access.user import NAME_COOKIE
from sxt.ui.label.routes import STATE_HEADER, label_routes
from sxt.workspace import SegmentationManifest, TomogramManifest, Workspace
from tests.ui.items import CLASSES, add_segmentation, add_tomogram

SHAPE = (6, 40, 50)


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def tomogram(workspace, tmp_path) -> TomogramManifest:
    """Grey 100, with a darker block (grey 40) on all slices: rows 10 to 20, columns 5 to 25."""
    values = np.full(SHAPE, 100, np.uint8)
    values[:, 10:20, 5:25] = 40
    return add_tomogram(workspace, tmp_path, values, voxel_size_nm=(20, 10, 10))


@pytest.fixture
def labels(workspace, tomogram) -> LabelSet:
    """Labels with the classes of `tests.ui.items`: membrane is 1, droplet is 2 here."""
    classes = ClassList()
    for each in CLASSES:
        classes = classes.add(each.name)
    return workspace.open_labels(tomogram.id, by="ada", classes=classes)


@pytest.fixture
def segmentation(workspace, tomogram) -> SegmentationManifest:
    """Membrane in a block, droplet in another."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[:, 10:20, 5:25] = 1
    mask[:, 30:35, 30:40] = 3
    return add_segmentation(workspace, tomogram, mask)


@dataclass
class Person:
    """Somebody who labels through the routes."""

    client: TestClient
    item: str
    name: str

    def post(self, path: str, content: object = None) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.post(self._url(path), content=body, headers=self._headers)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(self._url(path), headers=self._headers)

    def edit(self, place: str, tool: str, *, target: str = "labels", **options: object) -> httpx.Response:
        edit = {"tool": tool, "value": 1, **options}
        return self.post(f"edit/{place}", {"edit": edit, "target": target})

    def _url(self, path: str) -> str:
        return f"/api/labels/{self.item}/{path}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"{NAME_COOKIE}={self.name}"}


@pytest.fixture
def client(workspace) -> TestClient:
    return TestClient(Starlette(routes=label_routes(lambda: workspace)), raise_server_exceptions=False)


@pytest.fixture
def ada(client, tomogram, labels) -> Person:
    return Person(client, tomogram.id, "Ada")


@pytest.fixture
def ben(client, tomogram, labels) -> Person:
    return Person(client, tomogram.id, "Ben")


def slice_of(answer: httpx.Response, shape: tuple[int, int]) -> np.ndarray:
    """Return the slice that an answer holds."""
    assert answer.status_code == 200, answer.text
    content = (
        answer.content if len(answer.content) == shape[0] * shape[1] else gzip.decompress(answer.content)
    )
    return np.frombuffer(content, np.uint8).reshape(shape)


def state_of(answer: httpx.Response) -> dict:
    """Return the state in an answer's header."""
    return json.loads(unquote(answer.headers[STATE_HEADER]))
