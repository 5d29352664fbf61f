"""Looks at what is held out while a training runs, with pictures for a page."""

from collections.abc import Sequence

from sxt.train.measure import HoldOutScores, Measurer
from sxt.train.plan import TrainingPlan
from sxt.train.prepare import HoldOutSlice
from sxt.train.preview import write_previews


class HoldOutWatch:
    """Measures the averaged network on some of the held-out slices, and at the end on all.

    Attributes
    ----------
    look_s : float
        How long the last look took; 0 before the first.
    """

    def __init__(self, measurer: Measurer, hold_out: Sequence[HoldOutSlice], plan: TrainingPlan) -> None:
        self.look_s = 0.0
        self._measurer = measurer
        self._hold_out = hold_out
        self._plan = plan
        self._chosen = _choose(hold_out, plan.settings.validation_slices)

    @property
    def is_blind(self) -> bool:
        """Whether nothing is held out."""
        return not self._hold_out

    def look(self, step: int) -> float:
        """Return the Dice of the chosen slices and draw their previews."""
        begun = self._plan.clock()
        scores = self._measurer.scores(self._chosen)
        folder, values = self._plan.folder, [each.value for each in self._plan.form.classes]
        slices = write_previews(folder.previews, self._chosen, scores.masks, values)
        folder.write_json(folder.previews / "previews.json", {"step": step, "slices": slices})
        self.look_s = self._plan.clock() - begun
        return scores.dice

    def measure_all(self) -> HoldOutScores | None:
        """Return the scores over all held-out slices, None where there are none."""
        return None if self.is_blind else self._measurer.scores(self._hold_out)

    def seconds_for_all(self) -> float:
        """Return how long measuring all of them will take, by the last look."""
        return self.look_s * len(self._hold_out) / max(1, len(self._chosen))


def _choose(hold_out: Sequence[HoldOutSlice], n_wanted: int) -> Sequence[HoldOutSlice]:
    """Return the held-out slices that are looked at while training, evenly spaced."""
    if len(hold_out) <= n_wanted:
        return hold_out
    return [hold_out[round(i * (len(hold_out) - 1) / max(1, n_wanted - 1))] for i in range(n_wanted)]
