"""What the running dashboard works on: its workspace, uploads and settings, opened once and shared by all pages."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from streamlit import config

from sxt.jobs import JobQueue
from sxt.ui.settings import ServerSettings, read_settings
from sxt.ui.upload.store import UploadStore
from sxt.workspace import Workspace

MODEL_UPLOADS = "models"
MODEL_UPLOAD_LIMIT_BYTES = 10**9
"""The published network has 306 MB in single precision."""


@dataclass(frozen=True)
class Services:
    """What pages and routes call.

    Parameters
    ----------
    settings : ServerSettings
    workspace : Workspace
    jobs : JobQueue
        It runs jobs where the server started it; otherwise jobs can be submitted and watched, and wait.
    uploads : UploadStore
    """

    settings: ServerSettings
    workspace: Workspace
    jobs: JobQueue
    uploads: UploadStore

    @functools.cached_property
    def model_uploads(self) -> UploadStore:
        """Model versions that wait to be imported, apart from tomograms."""
        return UploadStore(self.uploads.root / MODEL_UPLOADS, limit_bytes=MODEL_UPLOAD_LIMIT_BYTES)


_lock = threading.Lock()
_current: Services | None = None


def services() -> Services:
    """Return what the server works on; opened as the environment says where no server did (a page under test)."""
    global _current
    with _lock:
        if _current is None:
            _current = open_services(read_settings())
        return _current


def open_services(settings: ServerSettings) -> Services:
    """Open what the settings name.

    Raises
    ------
    ResourceError
        Where the workspace can be neither opened nor made.
    """
    workspace = Workspace(settings.workspace)
    uploads = UploadStore(workspace.uploads, limit_bytes=settings.upload_limit_bytes)
    return Services(settings, workspace, JobQueue(workspace, settings.scheduler), uploads)


@contextlib.contextmanager
def use_services(opened: Services) -> Iterator[Services]:
    """Make `services` return ``opened`` for the time of the block."""
    global _current
    with _lock:
        before, _current = _current, opened
    try:
        yield opened
    finally:
        with _lock:
            _current = before


def base_path() -> str:
    """Return what the server's addresses begin with, without a slash at the end: ``"/sxt"``, or empty."""
    prefix = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}" if prefix else ""
