"""The server's settings, from the environment."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sxt.errors import SettingsError
from sxt.ui.upload.store import DEFAULT_LIMIT_BYTES

WORKSPACE, DATA_DIRS, TOKEN, SCHEDULER = "SXT_WORKSPACE", "SXT_DATA_DIRS", "SXT_TOKEN", "SXT_SCHEDULER"
UPLOAD_LIMIT_GB, ALLOWED_USERS = "SXT_UPLOAD_LIMIT_GB", "SXT_ALLOWED_USERS"

DEFAULT_WORKSPACE = "workspace"
BYTES_PER_GB = 10**9


@dataclass(frozen=True)
class ServerSettings:
    """What the environment says.

    Parameters
    ----------
    workspace : Path
        ``SXT_WORKSPACE``; ``./workspace`` by default.
    data_dirs : tuple of Path
        ``SXT_DATA_DIRS``: folders of the server from which tomograms may be brought in, separated as in ``PATH``.
    token : str or None
        ``SXT_TOKEN``: the access token; demanded wherever it is set.
    scheduler : str or None
        ``SXT_SCHEDULER``: address of a Dask scheduler; jobs run on this machine where it is not set.
    upload_limit_bytes : int
        ``SXT_UPLOAD_LIMIT_GB``: the most that one upload may have.
    allowed_users : tuple of str
        ``SXT_ALLOWED_USERS``: e-mail addresses and ``@domains``, separated by commas, that may log in at the provider;
        everybody whom it knows by default.
    """

    workspace: Path
    data_dirs: tuple[Path, ...] = ()
    token: str | None = None
    scheduler: str | None = None
    upload_limit_bytes: int = DEFAULT_LIMIT_BYTES
    allowed_users: tuple[str, ...] = ()


def read_settings(environment: Mapping[str, str] | None = None) -> ServerSettings:
    """Read the settings; what is empty counts as not set.

    Raises
    ------
    SettingsError
        A value that cannot be used.
    """
    values = os.environ if environment is None else environment
    folders = (each.strip() for each in values.get(DATA_DIRS, "").split(os.pathsep))
    return ServerSettings(
        workspace=Path(values.get(WORKSPACE, "").strip() or DEFAULT_WORKSPACE).absolute(),
        data_dirs=tuple(Path(each).expanduser().absolute() for each in folders if each),
        token=values.get(TOKEN, "").strip() or None,
        scheduler=values.get(SCHEDULER, "").strip() or None,
        upload_limit_bytes=_read_limit(values.get(UPLOAD_LIMIT_GB, "").strip()),
        allowed_users=tuple(
            each.strip() for each in values.get(ALLOWED_USERS, "").split(",") if each.strip()
        ),
    )


def _read_limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT_BYTES
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not (math.isfinite(limit) and limit > 0):
        raise SettingsError(f"{UPLOAD_LIMIT_GB} is {text!r}; give a number of gigabytes above 0.")
    return int(limit * BYTES_PER_GB)
