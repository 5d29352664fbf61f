"""A round of pseudo-labels from a model's probabilities: calibrated, kept where sure, stored beside human labels."""

from collections.abc import Callable, Sequence

import numpy as np

from sxt.errors import SettingsError
from sxt.labels.calibration import Calibration, calibrate
from sxt.labels.confidence import ConfidenceThresholds, label_where_sure
from sxt.labels.label_set import LabelSet
from sxt.labels.pseudo import PseudoLabels
from sxt.labels.rounds import RoundInfo
from sxt.labels.values import SliceKey
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress

PROPOSE_STAGE = "propose labels"
MAX_CALIBRATION_SLICES = 16
"""More would change the temperature little and cost a prediction each."""


def propose_labels(
    labels: LabelSet,
    read_probability: Callable[[int], np.ndarray],
    slices: Sequence[int],
    *,
    class_values: Sequence[int],
    by: str,
    model: str,
    model_sha256: str,
    thresholds: ConfidenceThresholds | None = None,
    is_calibrated: bool = True,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> RoundInfo:
    """Make a round of pseudo-labels for some slices; it appears when all of them are done.

    Parameters
    ----------
    labels : LabelSet
    read_probability : callable
        From z to (c, y, x) uint8, 0..255 for 0..1: a stored probability, or a prediction made when asked for.
    slices : sequence of int
        Along z; none may be held out.
    class_values : sequence of int
        The class of each channel, as in the label set's list.
    by : str
        Who asked for it.
    model, model_sha256 : str
        ``name:version`` and the hash of its weights.
    thresholds : ConfidenceThresholds, optional
    is_calibrated : bool
        Whether to fit a temperature to human labels where there are enough; the round's note says what came of it.

    Raises
    ------
    HoldOutError
        Where a slice is held out; nothing is predicted then.
    SettingsError
        Where there is no slice, or a class is not in the list.
    """
    wanted = sorted(set(slices))
    if not wanted:
        raise SettingsError("There is no slice to propose labels for; choose at least one.")
    labels.hold_out.refuse(wanted, what="Proposing labels")
    for value in class_values:
        labels.classes.get(value)
    chosen = thresholds or ConfidenceThresholds()
    fitted = Calibration()
    if is_calibrated:
        fitted = calibrate_on_labels(labels, read_probability, class_values=class_values, cancel=cancel)
    pseudo = PseudoLabels(labels)
    limits = f"Classes from {chosen.foreground:g}, background from {chosen.background:g}. {fitted.note}"
    with pseudo.new_round(
        by=by, model=model, model_sha256=model_sha256, temperature=fitted.temperature, note=limits
    ) as writer:
        for done, z in enumerate(wanted, start=1):
            if cancel is not None:
                cancel.raise_if_cancelled()
            sure = label_where_sure(
                read_probability(z), class_values, thresholds=chosen, temperature=fitted.temperature
            )
            writer.add(z, sure.labels, sure.confidence)
            progress(Progress(PROPOSE_STAGE, done, len(wanted)))
    return pseudo.rounds()[-1]


def calibrate_on_labels(
    labels: LabelSet,
    read_probability: Callable[[int], np.ndarray],
    *,
    class_values: Sequence[int],
    cancel: CancelToken | None = None,
) -> Calibration:
    """Fit the temperature to slices that people labelled, some of them where there are many, never the hold-out."""
    held_out = set(labels.hold_out.list())
    known = [z for z in labels.volume.list_slices() if z not in held_out]
    if len(known) > MAX_CALIBRATION_SLICES:
        places = np.linspace(0, len(known) - 1, MAX_CALIBRATION_SLICES).round().astype(int)
        known = [known[place] for place in places]
    return calibrate(
        read_probability,
        lambda z: labels.read(SliceKey("z", z)),
        known,
        class_values,
        cancel=cancel,
    )
