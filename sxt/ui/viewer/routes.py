"""The routes from which the slice viewer fetches what it shows: facts, strips, tiles and single values.

They answer whoever reaches them: who may, is decided before.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any, get_args

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sxt.errors import InputError, SettingsError, SxtError
from sxt.ui.viewer.blocks import BlockCache
from sxt.ui.viewer.encode import STRIP_QUALITY, TILE_QUALITY, GreyScale, encode_bytes, encode_jpeg
from sxt.ui.viewer.locate import POOLING, VolumeKind, WorkspaceGetter, check_kind, open_volume
from sxt.ui.viewer.slices import SliceReader, Window
from sxt.ui.viewer.tiers import TILE_PX, Plane, TierName

API_PATH = "/api/slices"
CACHE_BYTES = 384 << 20
MAX_SCALES = 256

CACHED = "private, max-age=86400, immutable"
"""For addresses that name the version of what they show."""

NOT_CACHED = "no-store"
FAILED = "The slices cannot be read; the server's log says why."

_log = logging.getLogger(__name__)


class SliceServer:
    """Answers the viewer's requests from the volumes of a workspace.

    Parameters
    ----------
    get_workspace : callable
    cache_bytes : int
        What may be kept of slices along y and x.
    """

    def __init__(self, get_workspace: WorkspaceGetter, *, cache_bytes: int = CACHE_BYTES) -> None:
        self._get_workspace = get_workspace
        self._cache = BlockCache(cache_bytes)
        self._scales: dict[str, GreyScale] = {}

    def reader(self, kind: VolumeKind, item_id: str, version: str = "") -> SliceReader:
        """Return what reads a volume; raises `InputError` where there is none.

        Parameters
        ----------
        version : str
            Tells apart states of a volume that is edited in place.
        """
        volume = open_volume(self._get_workspace(), kind, item_id)
        named = replace(volume, name=f"{volume.name}@{version}")
        return SliceReader(named, self._cache, POOLING[kind])

    def describe(self, kind: VolumeKind, item_id: str) -> dict[str, Any]:
        """Return what the viewer must know of a volume before it asks for slices."""
        reader = self.reader(kind, item_id)
        volume = reader.volume
        facts: dict[str, Any] = {
            "shape": volume.shape,
            "n_channels": volume.n_channels,
            "voxel_size_nm": volume.voxel_size_nm,
            "tile_px": TILE_PX,
            "planes": {plane: [asdict(tier) for tier in reader.tiers(plane)] for plane in get_args(Plane)},
        }
        if kind == "tomogram":
            if len(self._scales) >= MAX_SCALES:
                self._scales.clear()
            if volume.name not in self._scales:
                self._scales[volume.name] = reader.measure_grey_scale()
            facts |= asdict(self._scales[volume.name])
        return facts

    def strip(self, request: Request) -> Response:
        """Encode a strip: JPEG of grey values, bytes (n, c, y, x) of anything else."""
        kind, reader = self._reader_of(request)
        parts = request.path_params
        images = reader.read_strip(
            _plane(parts["plane"]), _tier(parts["tier"]), parts["number"], _window(request, kind)
        )
        if kind != "tomogram":
            return _respond(request, encode_bytes(images), "application/octet-stream", is_gzip=True)
        return _respond(request, encode_jpeg(images[:, 0], quality=STRIP_QUALITY), "image/jpeg")

    def tile(self, request: Request) -> Response:
        """Encode a tile in full resolution: JPEG of grey values, bytes (c, y, x) of anything else."""
        kind, reader = self._reader_of(request)
        parts = request.path_params
        tile = reader.read_tile(
            _plane(parts["plane"]), parts["index"], parts["row"], parts["column"], _window(request, kind)
        )
        if kind != "tomogram":
            return _respond(request, encode_bytes(tile), "application/octet-stream", is_gzip=True)
        return _respond(request, encode_jpeg(tile[:1], quality=TILE_QUALITY), "image/jpeg")

    def value(self, request: Request) -> Response:
        """Return the stored values of a voxel, one a channel; null where they are not finite."""
        _, reader = self._reader_of(request)
        parts = request.path_params
        values = reader.read_values(parts["z"], parts["y"], parts["x"])
        return JSONResponse(
            {"values": [each if abs(each) < float("inf") else None for each in values]},
            headers=_headers(request),
        )

    def facts(self, request: Request) -> Response:
        """Return what `describe` says."""
        kind = check_kind(request.path_params["kind"])
        return JSONResponse(self.describe(kind, request.path_params["item"]), headers=_headers(request))

    def _reader_of(self, request: Request) -> tuple[VolumeKind, SliceReader]:
        kind = check_kind(request.path_params["kind"])
        version = request.query_params.get("v", "")
        return kind, self.reader(kind, request.path_params["item"], version)


def viewer_routes(get_workspace: WorkspaceGetter, *, prefix: str = "") -> list[Route]:
    """Return the routes below ``/api/slices`` that serve slices of a workspace.

    Parameters
    ----------
    get_workspace : callable
        Called for each request.
    prefix : str
        What the server's addresses begin with, for example ``/sxt``; the same as Streamlit's ``baseUrlPath``.

    Notes
    -----
    ``{kind}/{item}/info``, ``…/strip/{plane}/{tier}/{number}``, ``…/tile/{plane}/{index}/{row}/{column}`` and
    ``…/value/{z}/{y}/{x}``. ``lo`` and ``hi`` give the grey values that become 0 and 255; an address with a ``v``
    (version) may be kept by the browser. What is not there is a 404, a wrong number a 400.
    """
    server = SliceServer(get_workspace)
    base = f"{prefix.rstrip('/')}{API_PATH}/{{kind}}/{{item}}"
    handlers: dict[str, Callable[[Request], Response]] = {
        "/info": server.facts,
        "/strip/{plane}/{tier}/{number:int}": server.strip,
        "/tile/{plane}/{index:int}/{row:int}/{column:int}": server.tile,
        "/value/{z:int}/{y:int}/{x:int}": server.value,
    }
    return [Route(base + path, _in_thread(handler), methods=["GET"]) for path, handler in handlers.items()]


def _in_thread(handler: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await anyio.to_thread.run_sync(_answer, handler, request)

    return answer


def _answer(handler: Callable[[Request], Response], request: Request) -> Response:
    try:
        return handler(request)
    except InputError as error:
        return _refuse(str(error), 404)
    except SxtError as error:
        return _refuse(str(error), 400)
    except Exception:
        _log.exception("%s failed", request.url.path)
        return _refuse(FAILED, 500)


def _refuse(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status, headers={"Cache-Control": NOT_CACHED})


def _respond(request: Request, content: bytes, media_type: str, *, is_gzip: bool = False) -> Response:
    encoding = {"Content-Encoding": "gzip"} if is_gzip else {}
    return Response(content, media_type=media_type, headers=_headers(request) | encoding)


def _headers(request: Request) -> dict[str, str]:
    cache = CACHED if request.query_params.get("v") else NOT_CACHED
    return {"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}


def _window(request: Request, kind: VolumeKind) -> Window | None:
    if kind != "tomogram":
        return None
    try:
        return (float(request.query_params["lo"]), float(request.query_params["hi"]))
    except (KeyError, ValueError) as error:
        raise SettingsError("The contrast window is missing; give two numbers as lo and hi.") from error


def _plane(text: str) -> Plane:
    for plane in get_args(Plane):
        if text == plane:
            return plane
    raise SettingsError(f"{text[:40]!r} is no plane; there are z, y and x.")


def _tier(text: str) -> TierName:
    for name in get_args(TierName):
        if text == name:
            return name
    raise SettingsError(f"{text[:40]!r} is no resolution; there are {', '.join(get_args(TierName))}.")
