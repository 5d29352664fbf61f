import asyncio
import json
import shutil
import tracemalloc
from collections import namedtuple

import pytest

from sxt.errors import InputError
from sxt.ui.routes.uploads import BLOCK_BYTES, MODEL_API_PATH, upload_routes
from sxt.ui.upload import UploadStore

DiskUsage = namedtuple("DiskUsage", "total used free")
MB = 1 << 20


@pytest.fixture
def store(tmp_path):
    return UploadStore(tmp_path / "uploads", limit_bytes=100 * MB)


@pytest.fixture
def client(client_of, store):
    return client_of(upload_routes(lambda: store))


def begin(client, size, name="cell.mrc", **headers):
    response = client.post(
        "/api/uploads", json={"name": name, "files": [{"name": name, "size": size}]}, headers=headers
    )
    assert response.status_code == 201
    return response.json()


def put(client, upload_id, offset, content, **parameters):
    return client.put(f"/api/uploads/{upload_id}", params={"offset": offset, **parameters}, content=content)


def test_forty_megabytes_in_small_pieces_arrive_whole(client, store):
    upload = begin(client, 40 * MB)
    assert (upload["received"], upload["is_complete"]) == (0, False)
    piece = bytes(range(256)) * 4096 * 2
    for offset in range(0, 40 * MB, len(piece)):
        response = put(client, upload["id"], offset, piece)
        assert response.json() == {"received": offset + len(piece)}
    state = client.get(f"/api/uploads/{upload['id']}").json()
    assert (state["received"], state["is_complete"]) == (40 * MB, True)
    assert store.source_path(upload["id"]).read_bytes() == piece * 20


def test_a_piece_of_any_length_is_written_in_small_blocks(store):
    """A body of 64 MB, handed over as a server does, needs a few blocks of memory."""
    upload_id = begin_in(store, 64 * MB)
    part, n_parts = bytes(64 << 10), 1024
    messages = [{"type": "http.request", "body": part, "more_body": k < n_parts - 1} for k in range(n_parts)]
    waiting = iter(messages)

    async def receive():
        return next(waiting)

    status = []

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])

    tracemalloc.start()
    asyncio.run(call(store, upload_id, receive, send))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert status == [200]
    assert store.state(upload_id).is_complete
    assert peak < 16 * BLOCK_BYTES


def begin_in(store, size):
    from sxt.ui.upload import UploadFile

    return store.begin("cell.mrc", [UploadFile(name="cell.mrc", size=size)], is_folder=False, by="ada").id


async def call(store, upload_id, receive, send, query=b"offset=0"):
    (route,) = [each for each in upload_routes(lambda: store) if "PUT" in each.methods]
    scope = {
        "type": "http",
        "method": "PUT",
        "path": f"/api/uploads/{upload_id}",
        "path_params": {"upload_id": upload_id},
        "query_string": query,
        "headers": [],
    }
    await route.app(scope, receive, send)


def test_what_came_before_a_lost_connection_is_kept(store, client):
    upload_id = begin_in(store, 10)
    messages = iter(
        [{"type": "http.request", "body": b"0123", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive():
        return next(messages)

    async def send(_):
        pass

    asyncio.run(call(store, upload_id, receive, send))
    assert client.get(f"/api/uploads/{upload_id}").json()["received"] == 4
    assert put(client, upload_id, 4, b"456789").json() == {"received": 10}
    assert store.source_path(upload_id).read_bytes() == b"0123456789"


def test_a_wrong_offset_is_a_conflict_that_says_the_right_one(client):
    upload = begin(client, 10)
    put(client, upload["id"], 0, b"0123")
    for offset in (0, 5):
        response = put(client, upload["id"], offset, b"xx")
        assert response.status_code == 409
        assert response.json()["received"] == 4


def test_more_than_announced_is_too_large(client, store):
    upload = begin(client, 4)
    assert put(client, upload["id"], 0, b"01234").status_code == 413
    assert put(client, upload["id"], 0, iter([b"012", b"34"])).status_code == 413
    assert store.state(upload["id"]).received == (0,)


def test_more_than_allowed_is_too_large(client):
    response = client.post("/api/uploads", json={"name": "a", "files": [{"name": "a", "size": 101 * MB}]})
    assert response.status_code == 413
    assert "limited to 0.10 GB" in response.json()["error"]


def test_what_does_not_fit_on_the_disk_is_refused_before_it_starts(client, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(10**9, 0, 10**8))
    response = client.post("/api/uploads", json={"name": "a", "files": [{"name": "a", "size": 50 * MB}]})
    assert response.status_code == 507
    assert "0.10 GB free" in response.json()["error"]


def test_a_truncated_upload_never_becomes_a_tomogram(client, store, workspace):
    upload = begin(client, 10)
    put(client, upload["id"], 0, b"012345678")
    with pytest.raises(InputError, match="lacks 1 of its 10 bytes"):
        workspace.import_tomogram(store.source_path(upload["id"]), by="ada")
    assert workspace.tomograms.list() == []


@pytest.mark.parametrize(
    "upload_id", ["a" * 32, "x", "..", "%2e%2e", "..%2f..%2fetc", "a" * 32 + "%0a", "%00"]
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_unknown_or_malformed_id_is_not_found(client, store, method, upload_id):
    store.root.mkdir()
    response = client.request(method, f"/api/uploads/{upload_id}", params={"offset": 0}, content=b"")
    assert response.status_code in (404, 405)  # ".." is another address
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"name": "a"}',
        b'{"name": "a", "files": {}}',
        b'{"name": "a", "files": []}',
        b'{"name": "a", "files": [{"name": "a"}]}',
        b'{"name": "a", "files": [{"name": "a", "size": 0}]}',
        b'{"name": "a", "files": [{"name": "a", "size": -1}]}',
        b'{"name": "a", "files": [{"name": "", "size": 1}]}',
        b'{"name": "a", "files": [{"name": "a", "size": 1, "path": "/x"}]}',
        b'{"name": "a", "files": [1]}',
        b"\xff\xfe",
    ],
)
def test_a_request_that_makes_no_sense_is_refused(client, store, body):
    response = client.post("/api/uploads", content=body)
    assert response.status_code == 400
    assert response.json()["error"].endswith(".")
    assert not store.root.exists() or list(store.root.iterdir()) == []


def test_a_list_of_files_that_is_too_long_is_not_read(client):
    assert client.post("/api/uploads", content=b" " * (5 * MB)).status_code == 413


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.5", "9" * 30, "٣"])
def test_an_offset_that_is_no_number_is_refused(client, offset):
    upload = begin(client, 4)
    assert put(client, upload["id"], offset, b"x").status_code == 400


def test_a_file_that_was_not_announced_is_not_found(client):
    upload = begin(client, 4)
    assert put(client, upload["id"], 0, b"x", file=1).status_code == 404


def test_the_name_is_text_and_the_id_is_drawn(client, store):
    name = "../../Zelle <b>ä</b>.mrc"
    upload = begin(client, 1, name=name)
    assert upload["files"][0]["name"] == name
    assert len(upload["id"]) == 32
    put(client, upload["id"], 0, b"x")
    assert store.source_path(upload["id"]).parent == store.root / upload["id"] / "content"


def test_who_uploads_is_noted(client):
    assert begin(client, 1, Cookie="sxt_name=Ada%20Lovelace")["created_by"] == "Ada Lovelace"


def test_unfinished_uploads_are_listed_and_can_be_cancelled(client, store):
    first, second = begin(client, 4, name="first"), begin(client, 1, name="second")
    put(client, second["id"], 0, b"x")
    listed = client.get("/api/uploads").json()["uploads"]
    assert [each["name"] for each in listed] == ["first"]
    assert client.delete(f"/api/uploads/{first['id']}").status_code == 204
    assert client.get(f"/api/uploads/{first['id']}").status_code == 404
    assert [state.upload.name for state in store.list_states()] == ["second"]


def test_a_folder_of_slices_goes_file_by_file(client, store):
    files = [{"name": "s2.tif", "size": 2}, {"name": "s1.tif", "size": 1}]
    body = json.dumps({"name": "stack", "is_folder": True, "files": files})
    upload = client.post("/api/uploads", content=body).json()
    assert [each["name"] for each in upload["files"]] == ["s1.tif", "s2.tif"]
    put(client, upload["id"], 0, b"1", file=0)
    put(client, upload["id"], 0, b"22", file=1)
    assert client.get(f"/api/uploads/{upload['id']}").json()["is_complete"]
    assert {path.read_bytes() for path in store.source_path(upload["id"]).iterdir()} == {b"1", b"22"}


def test_what_has_arrived_is_told_once(client_of, store):
    arrived = []
    client = client_of(upload_routes(lambda: store, on_complete=arrived.append))
    files = [{"name": "s1.tif", "size": 2}, {"name": "s2.tif", "size": 2}]
    body = {"name": "stack", "is_folder": True, "files": files}
    upload = client.post("/api/uploads", json=body).json()
    put(client, upload["id"], 0, b"11", file=0)
    put(client, upload["id"], 0, b"2", file=1)
    assert arrived == []
    put(client, upload["id"], 1, b"2", file=1)
    assert [each.name for each in arrived] == ["stack"]


def test_the_routes_stand_behind_the_prefix(client_of, store):
    client = client_of(upload_routes(lambda: store, prefix="/sxt"))
    assert client.get("/sxt/api/uploads").json() == {"uploads": []}
    assert client.get("/api/uploads").status_code == 404


def test_model_versions_wait_apart_from_tomograms(client_of, tmp_path):
    tomograms, models = UploadStore(tmp_path / "a"), UploadStore(tmp_path / "a" / "models")
    routes = [
        *upload_routes(lambda: tomograms),
        *upload_routes(lambda: models, path=MODEL_API_PATH),
    ]
    asked = {"name": "m.zip", "files": [{"name": "m.zip", "size": 3}]}
    begun = client_of(routes).post(MODEL_API_PATH, json=asked).json()
    assert [state.upload.id for state in models.list_states()] == [begun["id"]]
    assert tomograms.list_states() == []
