"""What a kind of job is made of."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from sxt.progress import CancelToken, ProgressCallback
from sxt.workspace import ItemKind, JobManifest, Lane, Workspace


class JobSettings(BaseModel):
    """What a job is asked to do; each kind has its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def describe(self, workspace: Workspace) -> str:
        """Return a title for lists."""

    def inputs(self) -> Mapping[str, ItemKind]:
        """Return the ids of the items the job needs, each with its kind."""
        return {}


@dataclass(frozen=True)
class JobContext:
    """What a running job works with.

    Parameters
    ----------
    workspace : Workspace
    job : JobManifest
    device : str
        ``auto``, or the GPU of this worker.
    progress : callable
    cancel : CancelToken
        To be checked about once a second.
    """

    workspace: Workspace
    job: JobManifest
    device: str
    progress: ProgressCallback
    cancel: CancelToken


@dataclass(frozen=True)
class JobOutcome:
    """What a finished job made or found: ids of items, and a sentence worth telling."""

    results: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class JobKind:
    """A kind of job.

    Parameters
    ----------
    name : str
    lane : {"compute", "data"}
        ``compute`` for what needs the network, ``data`` for the rest.
    settings : type
    run : callable
        Takes a `JobContext` and the settings, returns a `JobOutcome`. It may be called again after an interruption,
        with the same ``job.item_id``.
    makes : str or None
        The kind of item it makes.
    """

    name: str
    lane: Lane
    settings: type[JobSettings]
    run: Callable[[JobContext, Any], JobOutcome]
    makes: ItemKind | None = None
