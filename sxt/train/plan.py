"""What a training loop works with besides networks and data."""

from collections.abc import Callable
from dataclasses import dataclass

from sxt.progress import CancelToken, ProgressCallback
from sxt.segment.device import Device
from sxt.train.folder import RunFolder
from sxt.train.parallel import Processes
from sxt.train.prepare import InputForm
from sxt.train.settings import OptimiserName, SemiRecipe, TrainingSettings
from sxt.train.state import Stretch, plan_stretches

LEAST_TRAINING_SHARE = 0.25
"""Of a budget in minutes that steps get, however long all else takes."""


@dataclass(frozen=True)
class TrainingPlan:
    """What a loop works with besides networks and data.

    Parameters
    ----------
    settings : TrainingSettings
    form : InputForm
    device : Device
    optimiser : {"muon", "adamw"}
    learning_rate : float
        At its peak.
    threshold : float
        Probability above which a pixel is foreground.
    folder : RunFolder
    processes : Processes
    progress : callable
    cancel : CancelToken
    has_parent : bool
        Whether the version it starts from is measured as well.
    clock : callable
        Seconds that only grow.
    begun_s : float
        By this clock, when the training was asked for.
    """

    settings: TrainingSettings
    form: InputForm
    device: Device
    optimiser: OptimiserName
    learning_rate: float
    threshold: float
    folder: RunFolder
    processes: Processes
    progress: ProgressCallback
    cancel: CancelToken
    has_parent: bool
    clock: Callable[[], float]
    begun_s: float

    def seconds_to_train(self, aside_s: float) -> float | None:
        """Return what a budget in minutes leaves for steps where ``aside_s`` is set aside; None with one in steps."""
        if self.settings.minutes is None:
            return None
        return max(60 * self.settings.minutes - aside_s, LEAST_TRAINING_SHARE * 60 * self.settings.minutes)

    def stretches(self, aside_s: float, *, has_hold_out: bool) -> tuple[Stretch, ...]:
        """Divide the budget; without a hold-out there are no rounds of pseudo-labels."""
        recipe = self.settings.recipe
        n_rounds, round_share = 0, 0.0
        if isinstance(recipe, SemiRecipe) and has_hold_out:
            n_rounds, round_share = recipe.n_rounds, recipe.round_share
        return plan_stretches(
            steps=self.settings.steps,
            seconds=self.seconds_to_train(aside_s),
            learning_rate=self.learning_rate,
            n_validations=self.settings.n_validations,
            n_rounds=n_rounds,
            round_share=round_share,
        )
