"""The model versions there are, and what can be done with them; each change is recorded under a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sxt.ui.services import Services
from sxt.workspace import InUseError, TrashManifest, Workspace

if TYPE_CHECKING:
    from sxt.models import ModelSummary

MODEL_KIND = "model"


@dataclass(frozen=True)
class Catalogue:
    """The versions of a workspace and those shipped, the default one first, and the damaged ones apart."""

    sound: Sequence["ModelSummary"]
    damaged: Sequence["ModelSummary"]

    def find(self, spec: str | None) -> "ModelSummary | None":
        """Return a sound version; None where there is none of that name."""
        return next((each for each in self.sound if each.spec == spec), None)


def list_versions(workspace: Workspace) -> Catalogue:
    """Return every version there is."""
    from sxt.models import SHIPPED_ROOT, list_models

    every = list_models((workspace.models_root, SHIPPED_ROOT))
    sound = sorted((each for each in every if not each.fault), key=lambda each: not each.is_default)
    return Catalogue(sound, [each for each in every if each.fault])


def is_shipped(workspace: Workspace, version: "ModelSummary") -> bool:
    """Return whether a version came with the program, so that it cannot be deleted."""
    return not version.path.is_relative_to(workspace.models_root)


def make_default(workspace: Workspace, spec: str, *, by: str) -> None:
    """Use a version wherever none is named, on pages and on the command line in this workspace."""
    from sxt.models import write_default

    write_default(workspace.models_root, spec)
    workspace.activity.add("made the default", by=by, kind=MODEL_KIND, item_id=spec, name=spec)


def delete_version(opened: Services, spec: str, *, by: str) -> TrashManifest:
    """Move a version of the workspace into the trash.

    Raises
    ------
    InUseError
        Where a job that waits or runs needs it.
    InputError
        Where the workspace has no such version.
    """
    if jobs := list_waiting_users(opened, spec):
        raise InUseError(
            f"The model version {spec} is needed by {', '.join(jobs)}; wait for that or cancel it.", jobs
        )
    return opened.workspace.delete_model(spec, by=by)


def list_waiting_users(opened: Services, spec: str) -> tuple[str, ...]:
    """Return the jobs that wait or run and need a version, one phrase each."""
    names = (spec, spec.partition(":")[0])
    return tuple(
        f"the {job.state} job {job.manifest.title!r}"
        for job in opened.jobs.list(states=("queued", "running"))
        if job.manifest.settings.get("model") in names
    )


def list_uses(workspace: Workspace, version: "ModelSummary") -> list[tuple[str, str]]:
    """Return id and name of each segmentation made with these very weights."""
    sha256 = version.config.weights_sha256 if version.config is not None else ""
    return [
        (each.id, each.name)
        for each in workspace.segmentations.list()
        if (each.model.spec, each.model.sha256) == (version.spec, sha256)
    ]


def list_deleted(workspace: Workspace) -> list[TrashManifest]:
    """Return the versions in the trash, deleted last first."""
    return [entry for entry in workspace.trash.list() if entry.kind == MODEL_KIND]
