"""Where a training stands, beside its tensors: stored with every checkpoint."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from sxt.train.objectives import PART_NAMES


@dataclass
class LoopState:
    """Counters of a training; a stretch is the training before any pseudo-labels, or one round of them.

    Parameters
    ----------
    step, seconds : int, float
        Of all stretches.
    stretch, stretch_step, stretch_seconds
        The stretch, 0 first, and what was done of it.
    learning_rate : float
        Of the last step.
    n_validated, n_without_gain : int
        Looks at the hold-out in this stretch, and how many since the last gain.
    looked_at_step : int
        The step of all after which the hold-out was looked at last.
    n_rows : int
        Curve rows written in this stretch.
    best_dice : list of float or None
        Of each stretch so far; None where nothing is held out or it was not measured yet.
    best_step : list of int
    crops_at_a_time : int
        Lowered when memory runs out.
    sums, n_sums : dict, dict
        Parts of the loss since the last curve row, and how often each was computed.
    rows : list of dict
        The curves.
    rounds : list of dict
        What is known of each stretch that was begun.
    notes : list of str
        Sentences worth telling.
    dice_before : float or None
        On the hold-out, of the weights the training started from.
    stopped_by : str
        Why it ended before the budget, as a sentence; empty otherwise.
    aside_s : float
        Of a budget in minutes, what is not for steps.
    reverted_round : int
        The first round that was taken back; 0 where none was.
    """

    crops_at_a_time: int
    step: int = 0
    seconds: float = 0.0
    stretch: int = 0
    stretch_step: int = 0
    stretch_seconds: float = 0.0
    learning_rate: float = 0.0
    n_validated: int = 0
    looked_at_step: int = 0
    n_without_gain: int = 0
    n_rows: int = 0
    best_dice: list[float | None] = field(default_factory=lambda: [None])
    best_step: list[int] = field(default_factory=lambda: [0])
    sums: dict[str, float] = field(default_factory=dict)
    n_sums: dict[str, int] = field(default_factory=dict)
    rows: list[dict[str, float | None]] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dice_before: float | None = None
    stopped_by: str = ""
    aside_s: float = 0.0
    reverted_round: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "LoopState":
        """Return the state that `to_json` was called on."""
        return cls(**values)

    def add_parts(self, parts: dict[str, float]) -> None:
        """Take note of a step's losses."""
        for name, value in parts.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.n_sums[name] = self.n_sums.get(name, 0) + 1

    def take_row(self, *, dice: float | None) -> None:
        """Add a curve row of the mean losses since the last one."""
        means = {name: self.sums[name] / self.n_sums[name] for name in PART_NAMES if name in self.sums}
        row: dict[str, float | None] = {
            "step": self.step,
            "seconds": self.seconds,
            "round": self.stretch,
            "learning_rate": self.learning_rate,
            "dice": dice,
        }
        self.rows.append({**row, **means})
        self.sums, self.n_sums = {}, {}

    def begin_stretch(self) -> None:
        """Start the next stretch."""
        self.stretch += 1
        self.stretch_step, self.stretch_seconds = 0, 0.0
        self.n_validated = self.n_without_gain = self.n_rows = 0
        self.best_dice.append(None)
        self.best_step.append(self.step)

    def best_stretch(self) -> int:
        """Return the stretch with the best Dice on the hold-out, the first of equals; the last if none is known.

        A round that was taken back, and those after it, do not count.
        """
        counting = self.best_dice[: self.reverted_round or None]
        known = [(dice, -index) for index, dice in enumerate(counting) if dice is not None]
        return -max(known)[1] if known else len(counting) - 1


@dataclass(frozen=True)
class Stretch:
    """A part of the budget.

    Parameters
    ----------
    steps : int or None
        None where the budget is in seconds.
    seconds : float or None
    learning_rate : float
        At its peak.
    n_validations : int
    """

    steps: int | None
    seconds: float | None
    learning_rate: float
    n_validations: int

    def progress(self, state: LoopState) -> float:
        """Return which share of the stretch is done, from 0 to 1."""
        if self.steps is not None:
            return min(1.0, state.stretch_step / self.steps)
        assert self.seconds is not None
        return min(1.0, state.stretch_seconds / self.seconds)


def plan_stretches(
    *,
    steps: int | None,
    seconds: float | None,
    learning_rate: float,
    n_validations: int,
    n_rounds: int,
    round_share: float,
    round_rate_share: float = 0.5,
) -> tuple[Stretch, ...]:
    """Divide the budget: what the rounds leave comes first; each round gets a step at least."""
    shares = [1 - n_rounds * round_share, *[round_share] * n_rounds]
    stretches = []
    begun = 0.0
    for number, share in enumerate(shares):
        start, stop = begun, begun + share
        begun = stop
        of_stretch = None if steps is None else max(1, round(stop * steps) - round(start * steps))
        stretches.append(
            Stretch(
                steps=of_stretch,
                seconds=None if seconds is None else share * seconds,
                learning_rate=learning_rate * (round_rate_share if number else 1.0),
                n_validations=max(2, math.ceil(share * n_validations)) if n_validations > 1 else 1,
            )
        )
    return tuple(stretches)
