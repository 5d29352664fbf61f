"""Taking back a round of pseudo-labels of a training, however far it is."""

from sxt.errors import SettingsError
from sxt.jobs.kinds.revert_round import RevertRoundSettings
from sxt.jobs.store import Job, JobStore
from sxt.train.folder import RunFolder
from sxt.train.reverting import request_reversal
from sxt.workspace.clock import utc_now


def revert_training_round(store: JobStore, training_id: str, number: int, *, by: str) -> Job:
    """Let a training's result be what it was before a round of pseudo-labels.

    One that runs or waits ends with the weights of before the round; one that was cancelled or failed is put in the
    queue to do so; of one that has made its version the earlier weights become a further version.

    Returns
    -------
    Job
        The training, or the job that makes the further version.

    Raises
    ------
    InputError
        Where there is no such job.
    SettingsError
        Where it is no training, or has not begun that round.
    """
    job = store.get(training_id)
    if job.manifest.kind != "train":
        raise SettingsError(
            f"{job.manifest.title!r} is no training; choose one that has rounds of pseudo-labels."
        )
    if job.state == "done":
        return store.submit(
            "revert-round", RevertRoundSettings(training_id=training_id, number=number), by=by
        )
    request_reversal(RunFolder(store.workspace.jobs.path(training_id)), number, by=by, when=utc_now())
    store.workspace.activity.add(
        "reverted",
        by=by,
        kind="job",
        item_id=training_id,
        name=job.manifest.title,
        detail=f"round {number} of pseudo-labels; the training ends with what was before it",
    )
    return job if job.manifest.is_active else store.retry(training_id, by=by)
