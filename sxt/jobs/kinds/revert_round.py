"""Make the version that a training had before a round of pseudo-labels."""

from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.workspace import Workspace
from sxt.workspace.clock import utc_now
from sxt.workspace.ids import ItemId


class RevertRoundSettings(JobSettings):
    """Which training, and the first round of it that is taken back."""

    training_id: ItemId
    number: int = Field(ge=1)

    def describe(self, workspace: Workspace) -> str:
        training = workspace.jobs.find(self.training_id)
        name = "a training" if training is None else training.title
        return f"Go back to before round {self.number} of: {name}"


def run_revert_round(context: JobContext, settings: RevertRoundSettings) -> JobOutcome:
    """Save the earlier weights as a version, which becomes what the training's page shows."""
    from sxt.train.folder import RunFolder
    from sxt.train.reverting import revert_round

    workspace, by = context.workspace, context.job.submitted_by
    training = workspace.jobs.get(settings.training_id)
    version = revert_round(
        RunFolder(workspace.jobs.path(training.id)),
        settings.number,
        root=workspace.models_root,
        by=by,
        when=utc_now(),
    )
    workspace.activity.add(
        "reverted",
        by=by,
        kind="job",
        item_id=training.id,
        name=training.title,
        detail=f"round {settings.number} of pseudo-labels; its version is now {version.spec}",
    )
    return JobOutcome(note=f"Saved {version.spec}, the version before round {settings.number}.")


KIND = JobKind("revert-round", "data", RevertRoundSettings, run_revert_round)
