"""Train a new model version: split, guard, prepare, loop, measure, save."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

import torch

from sxt.errors import SettingsError
from sxt.models import Model, ModelClass, save_model
from sxt.models.spec import check_name
from sxt.network import build_network
from sxt.progress import CancelToken, ProgressCallback, ignore_progress
from sxt.segment.device import Device, choose_device
from sxt.segment.familiarity import teach
from sxt.train.folder import RunFolder, format_curves
from sxt.train.leakage import refuse_leakage
from sxt.train.loop import TrainingLoop
from sxt.train.measure import HoldOutScores, Measurer
from sxt.train.parallel import Processes
from sxt.train.plan import TrainingPlan
from sxt.train.prepare import InputForm, TrainingData, prepare_data
from sxt.train.record import describe_version
from sxt.train.settings import (
    FINE_TUNING_LEARNING_RATE,
    SCRATCH_LEARNING_RATE,
    OptimiserName,
    TrainingSettings,
)
from sxt.train.split import Split, make_split
from sxt.train.start import build_start, choose_classes, choose_form
from sxt.train.volumes import TrainingTomogram, check_tomograms

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class VersionTarget:
    """Where the new version goes.

    Parameters
    ----------
    root : Path
        Folder of model versions.
    name : str
        Of the model; the version is the number after the newest of that name.
    description, licence : str
    """

    root: Path
    name: str
    description: str = ""
    licence: str = "unknown"

    def __post_init__(self) -> None:
        check_name(self.name, what="model name")


@dataclass(frozen=True)
class TrainedVersion:
    """What a training made.

    Parameters
    ----------
    spec : str
        ``name:version``.
    path : Path
    parent : str or None
    recipe : str
    steps, minutes : int, float
        Spent.
    metrics : dict
        On the hold-out; empty where nothing was held out. ``parent_dice`` is that of the version started from.
    split : dict
    rounds : list of dict
    notes : tuple of str
    """

    spec: str
    path: Path
    parent: str | None
    recipe: str
    steps: int
    minutes: float
    metrics: dict[str, float]
    split: dict[str, Any]
    rounds: list[dict[str, Any]] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON-able values."""
        return {**asdict(self), "path": str(self.path), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TrainedVersion":
        """Return the record that `to_json` was called on."""
        return cls(**{**values, "path": Path(values["path"]), "notes": tuple(values["notes"])})


def train_model(
    tomograms: Sequence[TrainingTomogram],
    settings: TrainingSettings,
    target: VersionTarget,
    *,
    folder: Path,
    parent: Model | None = None,
    classes: Sequence[ModelClass] | None = None,
    device: str = "auto",
    processes: Processes | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> TrainedVersion:
    """Train and save a new model version, going on where an interrupted run of the same ``folder`` stopped.

    Parameters
    ----------
    tomograms : sequence of TrainingTomogram
        At least one with labelled slices.
    settings : TrainingSettings
    target : VersionTarget
    folder : Path
        For checkpoints, curves, the split, rounds and previews; see `RunFolder`. A finished run is returned as it is.
    parent : Model or None
        The version to start from; None draws fresh weights from the seed.
    classes : sequence of ModelClass or None
        What to learn; None takes the parent's classes, or all that occur. Other labelled values are background.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    processes : Processes, optional
        Those of `join_processes`; each calls this function with the same arguments.
    progress : callable
        Told once a step.
    cancel : CancelToken, optional
        Heeded after each step; the checkpoint stays.

    Returns
    -------
    TrainedVersion

    Raises
    ------
    SettingsError
        Where data and settings do not go together; `LeakageError` where the hold-out is also trained on.
    DivergedError
        Where the loss became NaN.
    ResourceError
        Where memory does not hold one crop.
    Cancelled
    """
    begun_s = monotonic()
    run = RunFolder(folder)
    done = run.read_json(run.result)
    if done is not None:
        return TrainedVersion.from_json(done)
    check_tomograms(tuple(tomograms))
    by_id = {each.id: each for each in tomograms}
    chosen = choose_classes(tomograms, parent, classes)
    form = choose_form(by_id, parent, settings, chosen)
    split = make_split(tomograms, settings.split)
    refuse_leakage(split, by_id)
    processes = processes or Processes()
    _claim(run, _fingerprint(by_id, settings, form, parent, split), split, processes)
    cancel = cancel or CancelToken()
    data = prepare_data(
        by_id, split, form, unlabelled_slices=settings.unlabelled_slices, progress=progress, cancel=cancel
    )
    plan = TrainingPlan(
        settings=settings,
        form=form,
        device=_choose_device(device, settings),
        optimiser=_optimiser(settings, parent),
        learning_rate=_learning_rate(settings, parent),
        threshold=parent.config.threshold if parent else DEFAULT_THRESHOLD,
        folder=run,
        processes=processes,
        progress=progress,
        cancel=cancel,
        has_parent=parent is not None,
        clock=monotonic,
        begun_s=begun_s,
    )
    with torch.random.fork_rng(devices=_cuda_indices(plan.device)):
        loop = _make_loop(data, plan, parent)
        loop.run()
    return _finish(loop, data, plan, by_id, split, target, parent)


def _make_loop(data: TrainingData, plan: TrainingPlan, parent: Model | None) -> TrainingLoop:
    torch.manual_seed(plan.settings.seed)
    momentum = plan.settings.recipe.batch_norm_momentum
    network = build_start(plan.form, parent, batch_norm_momentum=momentum, device=plan.device.torch_device)
    average = build_start(plan.form, parent, batch_norm_momentum=momentum, device=plan.device.torch_device)
    average.load_state_dict(network.state_dict())
    average.requires_grad_(False)
    return TrainingLoop(network, average, data, plan)


def _finish(
    loop: TrainingLoop,
    data: TrainingData,
    plan: TrainingPlan,
    tomograms: Mapping[str, TrainingTomogram],
    split: Split,
    target: VersionTarget,
    parent: Model | None,
) -> TrainedVersion:
    """Measure and save, in the first process; the others read what it wrote."""
    run, processes = plan.folder, plan.processes
    if processes.is_first:
        scores = loop.measure()
        metrics = _metrics(scores, data, parent, plan)
        notes = _notes(loop, data, split, metrics)
        config = describe_version(
            loop,
            plan,
            tomograms,
            split,
            root=target.root,
            name=target.name,
            description=target.description,
            licence=target.licence,
            parent=parent,
            metrics=metrics,
        )
        network = build_network(plan.form.network)
        network.load_state_dict(loop.average.state_dict())
        if parent is not None and parent.config.familiarity is not None:
            learned = [each.tomogram for each in tomograms.values() if each.labelled]
            config = replace(config, familiarity=teach(parent.config.familiarity, config, learned))
        path = save_model(
            target.root, config, network, curves_csv=format_curves(loop.state.rows), precision="fp16"
        )
        version = TrainedVersion(
            spec=config.spec,
            path=path,
            parent=config.parent,
            recipe=plan.settings.recipe.name,
            steps=loop.state.step,
            minutes=round(loop.state.seconds / 60, 3),
            metrics=metrics,
            split=split.to_json(),
            rounds=loop.state.rounds,
            notes=notes,
        )
        run.write_json(run.result, version.to_json())
        run.remove_checkpoints(keep_best=bool(loop.state.rounds))
    processes.wait()
    return TrainedVersion.from_json(run.read_json(run.result))


def _claim(run: RunFolder, fingerprint: dict[str, Any], split: Split, processes: Processes) -> None:
    """Write down what is trained, or see that a run that goes on is the same."""
    earlier = run.read_json(run.fingerprint)
    if earlier is not None and earlier != fingerprint and run.checkpoint.exists():
        differing = ", ".join(sorted(key for key in fingerprint if earlier.get(key) != fingerprint[key]))
        raise SettingsError(
            f"{run.root} holds another training (other {differing}); choose another folder or delete this one."
        )
    processes.wait()
    if processes.is_first:
        run.stop_flag.unlink(missing_ok=True)
        run.write_json(run.fingerprint, fingerprint)
        run.write_json(run.split, split.to_json())
    processes.wait()


def _fingerprint(
    tomograms: Mapping[str, TrainingTomogram],
    settings: TrainingSettings,
    form: InputForm,
    parent: Model | None,
    split: Split,
) -> dict[str, Any]:
    values = settings.to_json()
    del values["checkpoint_every_s"]
    values["network"] = form.network.to_json()
    return {
        "settings": _as_stored(values),
        "classes": [asdict(each) for each in form.classes],
        "start": None if parent is None else {"spec": parent.spec, "sha256": parent.sha256},
        "data": [
            {
                "id": name,
                "sha256": each.sha256,
                "shape": list(each.tomogram.shape),
                "labels": each.hash_labels(),
            }
            for name, each in tomograms.items()
        ],
        "split": split.rule,
    }


def _as_stored(values: Any) -> Any:
    """Return values as they come back from JSON: tuples as lists."""
    if isinstance(values, Mapping):
        return {key: _as_stored(value) for key, value in values.items()}
    return [_as_stored(each) for each in values] if isinstance(values, list | tuple) else values


def _choose_device(name: str, settings: TrainingSettings) -> Device:
    """Return the device; fp16, which would need its losses scaled, becomes fp32."""
    device = choose_device(name, precision=settings.precision)
    return replace(device, precision="fp32") if device.precision == "fp16" else device


def _cuda_indices(device: Device) -> list[int]:
    return [device.torch_device.index or 0] if device.is_cuda else []


def _learning_rate(settings: TrainingSettings, parent: Model | None) -> float:
    if settings.recipe.learning_rate is not None:
        return settings.recipe.learning_rate
    rates = SCRATCH_LEARNING_RATE if parent is None else FINE_TUNING_LEARNING_RATE
    return rates[_optimiser(settings, parent)]


def _optimiser(settings: TrainingSettings, parent: Model | None) -> OptimiserName:
    if settings.recipe.optimiser is not None:
        return settings.recipe.optimiser
    return "muon" if parent is None else "adamw"


def _metrics(
    scores: HoldOutScores | None, data: TrainingData, parent: Model | None, plan: TrainingPlan
) -> dict[str, float]:
    if scores is None:
        return {}
    values = {"dice": scores.dice, "precision": scores.precision, "recall": scores.recall}
    if len(plan.form.classes) > 1:
        values |= {f"dice_{name}": dice for name, dice in scores.by_class.items()}
    if parent is not None and parent.config.classes == plan.form.classes:
        before = Measurer(
            parent.network,
            plan.form,
            device=plan.device,
            threshold=plan.threshold,
            cancel=plan.cancel,
            announce=lambda note: None,
        )
        values["parent_dice"] = before.scores(data.hold_out).dice
    return {
        **{name: round(value, 4) for name, value in values.items()},
        "hold_out_slices": len(data.hold_out),
    }


def _notes(
    loop: TrainingLoop, data: TrainingData, split: Split, metrics: Mapping[str, float]
) -> tuple[str, ...]:
    notes = [split.note, *data.notes, *loop.state.notes, loop.state.stopped_by]
    if "parent_dice" in metrics and metrics["dice"] <= metrics["parent_dice"]:
        notes.append(
            f"It is no better on the hold-out than the version it started from (Dice {metrics['dice']:.3f} against "
            f"{metrics['parent_dice']:.3f})."
        )
    return tuple(dict.fromkeys(each for each in notes if each))
