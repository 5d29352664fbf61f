"""A server that is killed again and again while strokes come in loses none that it has answered."""

import http.client
import json
import multiprocessing
import random
import socket
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from sxt.labels import SliceKey
from sxt.labels.tools import stroke_region
from sxt.workspace import Workspace
from tests.e2e.conftest import find_free_port
from tests.ui.items import add_tomogram

SHAPE = (2, 120, 160)
N_KILLS = 20
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["uvicorn", "sxt.ui.label.routes", "sxt.ui.label.edits", "tests.e2e.test_label_kills"]
)
"""Each server begins as a copy of one that has imported everything, so that many can be killed in a short time."""


def serve(root: Path, port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette

    from sxt.ui.label.routes import label_routes

    workspace = Workspace(root)
    app = Starlette(routes=label_routes(lambda: workspace))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical")


def start(root: Path, port: int) -> BaseProcess:
    server = FORKS.Process(target=serve, args=(root, port))
    server.start()
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return server
        except OSError:
            time.sleep(0.02)


def post_stroke(port: int, item: str, points: list[tuple[float, float]], value: int) -> bool:
    """Return whether the server has answered that it has the stroke."""
    edit = {"tool": "brush", "points": points, "radius_px": 4, "value": value, "protects_others": False}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", f"/api/labels/{item}/edit/z/1", json.dumps({"edit": edit}))
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def paint(labels: np.ndarray, points: list[tuple[float, float]], value: int) -> np.ndarray:
    return np.where(stroke_region(SHAPE[1:], points, 4.0), np.uint8(value), labels)


def test_twenty_kills_lose_at_most_the_stroke_in_the_air(tmp_path):
    workspace = Workspace(tmp_path / "workspace")
    tomogram = add_tomogram(workspace, tmp_path, np.zeros(SHAPE, np.uint8))
    workspace.open_labels(tomogram.id, by="ada")
    rng, port = random.Random(0), find_free_port()
    expected = np.full(SHAPE[1:], 255, np.uint8)
    n_answered = 0
    for _ in range(N_KILLS):
        server = start(workspace.root, port)
        killer = threading.Timer(rng.uniform(0.0, 0.15), server.kill)  # in the midst of some stroke
        in_air = None
        while in_air is None:
            points = [(rng.uniform(0, 119), rng.uniform(0, 159)) for _ in range(2)]
            value = rng.randint(1, 4)
            if not post_stroke(port, tomogram.id, points, value):
                in_air = (points, value)
                continue
            expected = paint(expected, points, value)
            n_answered += 1
            if killer.ident is None:
                killer.start()
        killer.join()
        server.join()
        stored = workspace.find_labels(tomogram.id).read(SliceKey("z", 1))
        with_it = paint(expected, *in_air)
        assert np.array_equal(stored, expected) or np.array_equal(stored, with_it)
        expected = stored
    assert n_answered >= N_KILLS
