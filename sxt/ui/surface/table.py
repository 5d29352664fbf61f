"""The components of a surface and their measurements, as pages and routes read them."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from sxt.errors import InputError
from sxt.workspace import SurfaceManifest, Workspace

REMEMBERED_TABLES = 8


def load_table(workspace: Workspace, surface: SurfaceManifest) -> pd.DataFrame:
    """Read the component table of a surface, one row a component; not to be changed.

    Raises
    ------
    InputError
        Where it is missing or damaged.
    """
    path = workspace.surfaces.path(surface.id) / surface.files.get("table", "")
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise InputError(
            f"The measurements of {surface.name!r} cannot be read; make the surface again."
        ) from error


@lru_cache(maxsize=REMEMBERED_TABLES)
def _read(path: Path, _version: int) -> pd.DataFrame:
    table = pd.read_csv(path)
    if not {"id", "class", "voxels"} <= set(table.columns):
        raise ValueError(f"{path.name} lacks columns")
    return table


def volume_column(table: pd.DataFrame) -> str:
    """Return the column that counts: volume in µm³, or voxels where their size is not known."""
    return "volume_um3" if "volume_um3" in table else "voxels"


def shown_ids(table: pd.DataFrame, passed: np.ndarray) -> list[int] | None:
    """Return the ids of the components that passed; None where all did."""
    return None if passed.all() else table["id"].to_numpy()[passed].tolist()
