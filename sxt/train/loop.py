"""The one training loop, whatever the recipe: steps, looks at the hold-out, checkpoints, rounds, and the end."""

from collections.abc import Callable

from sxt.errors import ResourceError, SettingsError
from sxt.network import DoubleDecoder
from sxt.progress import Progress
from sxt.train import folder as files
from sxt.train.batches import Batches
from sxt.train.checkpoint import load_checkpoint, save_checkpoint
from sxt.train.measure import HoldOutScores, Measurer
from sxt.train.objectives import Moment, make_objective
from sxt.train.optimisers import make_optimiser
from sxt.train.plan import TrainingPlan
from sxt.train.prepare import TrainingData
from sxt.train.pseudo import make_pseudo_labels, read_pseudo_labels
from sxt.train.reverting import first_reverted, mark_reverted, read_reversal
from sxt.train.schedule import learning_rate_at, update_average
from sxt.train.settings import SemiRecipe
from sxt.train.state import LoopState, Stretch
from sxt.train.step import MemoryRanOut, Stepper
from sxt.train.watch import HoldOutWatch

STAGE = "train"
LEAST_STEPS_BETWEEN_LOOKS = 10
"""With a budget in minutes, so that a slow machine spends them on training."""

PSEUDO_TIME_SHARE = 0.5
"""Of a round's time, with a budget in minutes, that making its pseudo-labels may take; the rest is for steps."""

ROWS_A_STRETCH = 100
"""Curve rows at most, beside those of looks at the hold-out."""


class TrainingLoop:
    """Trains a network in place; ``average`` is what is measured and kept.

    Attributes
    ----------
    state : LoopState
    average : DoubleDecoder
        After `run`: the best weights.
    """

    def __init__(
        self, network: DoubleDecoder, average: DoubleDecoder, data: TrainingData, plan: TrainingPlan
    ) -> None:
        self.average = average.eval()
        self._network = network
        self._data = data
        self._plan = plan
        self._recipe = plan.settings.recipe
        self._batches = Batches(
            data,
            self._recipe,
            n_classes=len(plan.form.classes),
            size_multiple=plan.form.network.size_multiple,
            seed=plan.settings.seed,
            device=plan.device.torch_device,
        )
        self._stepper = self._make_stepper()
        self._measurer = Measurer(
            average,
            plan.form,
            device=plan.device,
            threshold=plan.threshold,
            cancel=plan.cancel,
            announce=self._note,
        )
        self._watch = HoldOutWatch(self._measurer, data.hold_out, plan)
        self._stretches: tuple[Stretch, ...] = ()
        first = self._stepper.first_crops_at_a_time(plan.settings.crops_at_a_time)
        self.state = LoopState(crops_at_a_time=first)
        self._checked_at = self._saved_at = plan.clock()

    @property
    def crop_px(self) -> int:
        """Side of the crops, lowered where the slices are smaller than the recipe's."""
        return self._batches.crop_px

    def run(self) -> None:
        """Train to the end of the budget, going on from the folder's checkpoint where there is one.

        Raises
        ------
        Cancelled
            After the step in which it was asked for; the checkpoint is that of this step.
        DivergedError, ResourceError
            With the last good checkpoint in place.
        """
        self._take_up()
        self._network.train()
        while not self._is_finished():
            stretch = self._stretches[self.state.stretch]
            if stretch.progress(self.state) < 1 and not self.state.stopped_by:
                self._step(stretch)
            elif not self._begin_round():
                break
        self._load_best(self.state.best_stretch())
        self._write_rounds()
        self._save()

    def measure(self) -> HoldOutScores | None:
        """Return the scores of ``average`` over all held-out slices, None where there are none."""
        return self._watch.measure_all()

    # --- steps

    def _step(self, stretch: Stretch) -> None:
        state, recipe = self.state, self._recipe
        progress = stretch.progress(state)
        state.learning_rate = learning_rate_at(
            progress,
            peak=stretch.learning_rate,
            warm_up_share=recipe.warm_up_share,
            final_share=recipe.final_rate_share,
        )
        parts = self._take_step(Moment(state.step, progress, state.stretch))
        state.add_parts(parts)
        state.step += 1
        state.stretch_step += 1
        if recipe.average_decay > 0:
            update_average(self.average, self._network, decay=recipe.average_decay, step=state.step)
        self._keep_time()
        self._look_around(stretch)

    def _take_step(self, moment: Moment) -> dict[str, float]:
        while True:
            try:
                return self._stepper.take(
                    moment,
                    learning_rate=self.state.learning_rate,
                    crops_at_a_time=self.state.crops_at_a_time,
                )
            except MemoryRanOut as error:
                at_a_time = self.state.crops_at_a_time
                if at_a_time == 1:
                    raise ResourceError(
                        f"The memory does not hold one crop of {self._batches.crop_px} px; use smaller crops, a "
                        "smaller model or another device."
                    ) from error
                self.state.crops_at_a_time = at_a_time // 2
                self._note(
                    f"Memory ran out; going on with {at_a_time // 2} crops at a time instead of {at_a_time}, "
                    "gradients added up."
                )

    def _keep_time(self) -> None:
        """Count the seconds and heed a wish to stop, cancel or take a round back, the same in all processes."""
        plan, state = self._plan, self.state
        now = plan.clock()
        seconds, self._checked_at = now - self._checked_at, now
        wants_stop = plan.folder.stop_flag.exists()
        shared = plan.processes.share(
            (seconds, wants_stop, plan.cancel.is_cancelled, first_reverted(plan.folder)),
            device=plan.device.torch_device,
        )
        state.seconds += shared[0]
        state.stretch_seconds += shared[0]
        if shared[1]:
            state.stopped_by = "It was stopped before its budget was spent; what it had learned is kept."
        self._leave_out_rounds(int(shared[3]))
        if shared[2]:
            self._save()
            plan.cancel.cancel()
            plan.cancel.raise_if_cancelled()

    def _leave_out_rounds(self, first: int) -> None:
        """End the training with what it had before a round that was reverted; 0 is none."""
        if first:
            self.state.reverted_round = first
            self.state.stopped_by = (
                f"Round {first} of pseudo-labels was reverted; what was before it is kept."
            )

    def _look_around(self, stretch: Stretch) -> None:
        """After a step: measure, note a curve row, save and report, each when it is due; again does nothing."""
        state, progress = self.state, stretch.progress(self.state)
        n_due = int(progress * stretch.n_validations + 1e-9)
        rows_due = int(progress * ROWS_A_STRETCH + 1e-9)
        has_trained = (
            stretch.steps is not None or state.step - state.looked_at_step >= LEAST_STEPS_BETWEEN_LOOKS
        )
        is_due = bool(state.stopped_by) or (n_due > state.n_validated and (has_trained or progress >= 1))
        dice = self._validate() if is_due else None
        if is_due:
            state.n_validated, state.looked_at_step = max(n_due, state.n_validated), state.step
        if is_due or rows_due > state.n_rows:
            state.n_rows = rows_due
            state.take_row(dice=dice)
            if self._plan.processes.is_first:
                self._plan.folder.write_curves(state.rows)
        if state.n_without_gain >= self._plan.settings.patience and not state.stopped_by:
            self._end_stretch_early(stretch)
        due_s = self._plan.settings.checkpoint_every_s
        if is_due or self._plan.clock() - self._saved_at >= due_s:
            self._save()
        self._report("" if dice is None else f"Step {state.step}: Dice {dice:.3f} on the hold-out.")

    def _end_stretch_early(self, stretch: Stretch) -> None:
        """Count the rest of the stretch as done."""
        state = self.state
        n_looks = self._plan.settings.patience
        self._note(f"No gain on the hold-out in {n_looks} looks; this stretch ends at step {state.step}.")
        state.stretch_step = stretch.steps or state.stretch_step
        state.stretch_seconds = stretch.seconds or state.stretch_seconds
        state.n_validated, state.n_rows, state.n_without_gain = stretch.n_validations, ROWS_A_STRETCH, 0

    # --- the hold-out

    def _validate(self) -> float | None:
        """Measure, keep the weights where they are the best of their stretch, and draw the previews."""
        plan, state = self._plan, self.state
        if self._recipe.average_decay == 0:
            update_average(self.average, self._network, decay=0, step=state.step)
        is_blind = self._watch.is_blind
        dice = -1.0 if is_blind or not plan.processes.is_first else self._watch.look(state.step)
        dice = plan.processes.share((dice,), device=plan.device.torch_device)[0]
        best = state.best_dice[state.stretch]
        has_gained = best is None or dice > best or dice == 0  # nothing is found yet: patience does not count
        state.n_without_gain = 0 if has_gained else state.n_without_gain + 1
        if not is_blind and best is not None and dice < best:
            return dice
        state.best_dice[state.stretch] = None if is_blind else dice
        state.best_step[state.stretch] = state.step
        if plan.processes.is_first:
            tensors = files.module_tensors(self.average, "")
            files.save_tensors(plan.folder.best(state.stretch), tensors, {"step": state.step})
        return None if is_blind else dice

    # --- rounds of pseudo-labels

    def _set_time_aside(self) -> None:
        """With a budget in minutes, leave time for what was done before the first step and for the last measurement."""
        plan = self._plan
        n_measurements = 2 if plan.has_parent else 1
        wanted_s = plan.clock() - plan.begun_s + self._watch.look_s  # the last look comes when the time is up
        wanted_s += n_measurements * self._watch.seconds_for_all()
        self.state.aside_s = plan.processes.share((wanted_s,), device=plan.device.torch_device)[0]

    def _is_finished(self) -> bool:
        return self.state.stretch >= len(self._stretches)

    def _begin_round(self) -> bool:
        """Begin the next round from the best weights; returns False where there is none or the last did not help."""
        state, plan = self.state, self._plan
        is_last = state.stretch + 1 >= len(self._stretches)
        if is_last or state.stopped_by or state.best_stretch() != state.stretch:
            if not is_last and not state.stopped_by:
                state.stopped_by = (
                    f"Round {state.stretch} of pseudo-labels did not gain on the hold-out; it ended there."
                )
            return False
        assert isinstance(self._recipe, SemiRecipe)
        self._load_best(state.stretch)
        path = plan.folder.pseudo_labels(state.stretch + 1)
        if plan.processes.is_first:
            make_pseudo_labels(
                path,
                self._data.unlabelled,
                self._measurer,
                self._recipe,
                progress=plan.progress,
                cancel=plan.cancel,
                is_time_up=self._time_for_pseudo_labels(self._stretches[state.stretch + 1]),
            )
        plan.processes.wait()
        if not read_pseudo_labels(path, self._data.unlabelled).n_foreground:
            state.stopped_by = (
                "The model is sure of no structure on unlabelled slices; no round of pseudo-labels."
            )
            return False
        state.begin_stretch()
        self._use_pseudo_labels()
        self._network.load_state_dict(self.average.state_dict())
        self._stepper = self._make_stepper()
        self._save()
        return True

    def _time_for_pseudo_labels(self, stretch: Stretch) -> Callable[[], bool]:
        """Return what says when a share of a round's time is over; never with a budget in steps."""
        if stretch.seconds is None:
            return lambda: False
        until = self._plan.clock() + PSEUDO_TIME_SHARE * stretch.seconds
        return lambda: self._plan.clock() >= until

    def _use_pseudo_labels(self) -> None:
        state = self.state
        taken = read_pseudo_labels(self._plan.folder.pseudo_labels(state.stretch), self._data.unlabelled)
        self._batches.pseudo = taken.slices
        begun = {
            "number": state.stretch,
            "first_step": state.step,
            "slices": taken.n_slices,
            "voxels": taken.n_pixels,
            "foreground_voxels": taken.n_foreground,
        }
        if len(state.rounds) < state.stretch:
            state.rounds.append(begun)
            self._note(
                f"Round {state.stretch}: {taken.n_pixels} pseudo-labelled voxels of {taken.n_slices} slices."
            )
        self._write_rounds()

    def _write_rounds(self) -> None:
        """Complete what is known of each round, and write it for a page."""
        state = self.state
        best = state.best_stretch()
        for record in state.rounds:
            number = record["number"]
            record["dice_before"] = state.best_dice[number - 1]
            record["dice_after"] = state.best_dice[number]
            record["is_kept"] = number <= best
            if state.reverted_round:
                mark_reverted(record, read_reversal(self._plan.folder))
        if self._plan.processes.is_first:
            self._plan.folder.write_json(self._plan.folder.rounds, state.rounds)

    # --- state on disk

    def _take_up(self) -> None:
        """Go on from the checkpoint, or take the measure of the weights that the training starts from."""
        plan = self._plan
        if not plan.folder.checkpoint.exists():
            if not self._watch.is_blind and plan.processes.is_first:
                self.state.dice_before = self._watch.look(0)
            self._set_time_aside()
            self._stretches = plan.stretches(self.state.aside_s, has_hold_out=not self._watch.is_blind)
            self._checked_at = plan.clock()
            self._report("")
            return
        self.state = load_checkpoint(
            plan.folder.checkpoint, self._network, self.average, self._stepper.optimiser
        )
        self._stretches = plan.stretches(self.state.aside_s, has_hold_out=not self._watch.is_blind)
        self.state.stopped_by = ""
        if self.state.stretch > 0:
            self._use_pseudo_labels()
        shared = plan.processes.share((first_reverted(plan.folder),), device=plan.device.torch_device)
        self._leave_out_rounds(int(shared[0]))
        self._checked_at = plan.clock()
        self._report(f"Going on after step {self.state.step}.")
        self._look_around(self._stretches[self.state.stretch])  # what was due when it was interrupted

    def _save(self) -> None:
        """Write the checkpoint."""
        self._saved_at = self._plan.clock()
        if self._plan.processes.is_first:
            save_checkpoint(
                self._plan.folder.checkpoint,
                self._network,
                self.average,
                self._stepper.optimiser,
                self.state,
            )

    def _load_best(self, stretch: int) -> None:
        """Put the best weights of a stretch into ``average``, measuring first where nobody did."""
        path = self._plan.folder.best(stretch)
        self._plan.processes.wait()
        if not path.exists():
            raise SettingsError("Not one step was trained; give the training more time or more steps.")
        tensors, _ = files.load_tensors(path)
        self.average.load_state_dict(tensors)

    def _make_stepper(self) -> Stepper:
        plan, recipe = self._plan, self._recipe
        optimiser = make_optimiser(
            self._network,
            plan.optimiser,
            learning_rate=plan.learning_rate,
            weight_decay=recipe.weight_decay,
        )
        return Stepper(
            self._network,
            self.average,
            optimiser,
            objective=make_objective(recipe),
            batches=self._batches,
            batch_crops=recipe.batch_crops,
            max_gradient_norm=recipe.max_gradient_norm,
            device=plan.device,
            seed=plan.settings.seed,
            processes=plan.processes,
        )

    def _note(self, note: str) -> None:
        if note not in self.state.notes:
            self.state.notes.append(note)
        self._report(note)

    def _report(self, note: str) -> None:
        state, settings = self.state, self._plan.settings
        stage = STAGE if state.stretch == 0 else f"{STAGE}, round {state.stretch}"
        if settings.steps is not None:
            self._plan.progress(Progress(stage, min(state.step, settings.steps), settings.steps, note))
        else:
            total = max(1, round(self._plan.seconds_to_train(state.aside_s) or 0))
            self._plan.progress(Progress(stage, min(round(state.seconds), total), total, note))
