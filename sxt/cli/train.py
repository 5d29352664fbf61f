"""``python -m sxt train``: train a new model version; under ``torchrun`` on several GPUs or processes.

An interrupted training goes on when the same command is given again.
"""

import argparse
import contextlib
import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sxt.cli.memory import use_huge_pages
from sxt.cli.models import add_models_dir_argument, model_roots
from sxt.cli.terminal import ProgressBar
from sxt.errors import SettingsError
from sxt.progress import ProgressCallback, ignore_progress

if TYPE_CHECKING:
    from sxt.models import Model, ModelClass
    from sxt.train import Processes, TrainingSettings, TrainingTomogram

NO_INIT = "none"
RUNS_FOLDER = ".training"
"""In the folder of model versions: what unfinished trainings need to go on, by model name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_data(parser)
    parser.add_argument("--name", required=True, help="name of the model the new version belongs to")
    parser.add_argument(
        "--init",
        metavar="MODEL|none",
        help="version to start from, none for fresh weights (default: as `models` marks)",
    )
    add_models_dir_argument(parser)
    parser.add_argument("--recipe", choices=("semi", "supervised", "paper"), default="semi")
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument(
        "--minutes",
        type=float,
        metavar="M",
        help="time for all of it: reading the slices, training, measuring at the end",
    )
    budget.add_argument("--steps", type=int, metavar="N", help="steps to train")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--output", type=Path, metavar="DIR", help="folder for NAME/VERSION")
    place.add_argument("--workspace", type=Path, metavar="DIR", help="workspace that gets the version")
    _add_choices(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    use_huge_pages()
    from sxt.models import default_model, load_model
    from sxt.train import VersionTarget, join_processes, train_model

    root = arguments.output or arguments.workspace / "models"
    device, rank, count = _place_among_processes(arguments.device)
    tomograms = _open_data(arguments)
    roots = (root, *model_roots(arguments.models_dir))
    parent: Model | None = None
    if arguments.init != NO_INIT:
        parent = load_model(arguments.init or default_model(roots), root=roots)
    folder = root / RUNS_FOLDER / arguments.name
    with join_processes(rank, count, device=_torch_device(device)) as processes, _bar(rank) as progress:
        version = train_model(
            tomograms,
            _settings(arguments),
            VersionTarget(root, arguments.name),
            folder=folder,
            parent=parent,
            classes=_classes(arguments, parent),
            device=device,
            processes=processes,
            progress=progress,
        )
        _tidy_up(folder, processes)
    if rank > 0:
        raise SystemExit(0)  # the first process says what was made
    return version.to_json()


def describe(result: dict[str, Any]) -> str:
    lines = [
        f"Trained {result['spec']} by the recipe {result['recipe']}, {result['steps']} steps in "
        f"{result['minutes']:.1f} min, started from {result['parent'] or 'fresh weights'}."
    ]
    metrics = result["metrics"]
    if metrics:
        before = f" (before: {metrics['parent_dice']:.3f})" if "parent_dice" in metrics else ""
        lines.append(
            f"On the hold-out: Dice {metrics['dice']:.3f}{before}, precision {metrics['precision']:.3f}, "
            f"recall {metrics['recall']:.3f}."
        )
    lines += result["notes"]
    for each in result["rounds"]:
        kept = "kept" if each["is_kept"] else "not kept"
        lines.append(f"Pseudo-labels, round {each['number']}: {each['voxels']} voxels, {kept}.")
    return "\n".join([*lines, f"Wrote {result['path']}"])


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tomogram",
        nargs="+",
        default=[],
        metavar="T",
        help="labelled tomograms: files, or with --workspace ids of tomograms, whose labels are there",
    )
    parser.add_argument(
        "--labels", nargs="+", type=Path, default=[], metavar="L", help="their labels, 255 unlabelled"
    )
    parser.add_argument(
        "--label-slices", type=_parse_numbers, metavar="Z,...", help="use the labels of these slices alone"
    )
    parser.add_argument(
        "--pairs", nargs="+", type=Path, default=[], metavar="DIR", help="folders of X.tif with X.labels.tif"
    )
    parser.add_argument(
        "--unlabelled", nargs="+", default=[], metavar="U", help="further tomograms without labels"
    )
    parser.add_argument(
        "--classes", type=_parse_numbers, metavar="V,...", help="values to learn (default: the start's)"
    )


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same result (default 0)")
    parser.add_argument(
        "--hold-out",
        choices=("auto", "marked", "tomogram", "block", "none"),
        default="auto",
        help="what to measure on (default: auto)",
    )
    parser.add_argument("--gap", type=int, metavar="N", help="slices left out beside a block (default 8)")
    parser.add_argument("--batch", type=int, metavar="N", help="crops of a step (default: the recipe's)")
    parser.add_argument("--crop", type=int, metavar="N", help="side of a crop in pixels (default 256)")
    parser.add_argument("--at-a-time", type=int, metavar="N", help="crops that go through together")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="at its peak")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of pseudo-labels at most (semi)")
    parser.add_argument("--invert", action="store_true", help="invert the contrast of half of the crops")


def _open_data(arguments: argparse.Namespace) -> "list[TrainingTomogram]":
    from sxt.train.sources import open_pairs, open_tomogram

    names, labels = arguments.tomogram, arguments.labels
    is_stored = [arguments.workspace is not None and not Path(each).exists() for each in names]
    if len(labels) != is_stored.count(False):
        raise SettingsError(
            f"There are {is_stored.count(False)} tomogram files but {len(labels)} files of labels; give one for each, "
            "in the same order."
        )
    found: list[TrainingTomogram] = []
    of_file = iter(labels)
    for name, stored in zip(names, is_stored, strict=True):
        found.append(
            _open_stored(arguments, name, True)
            if stored
            else open_tomogram(
                Path(name), next(of_file), slices=arguments.label_slices, taken=[each.id for each in found]
            )
        )
    for folder in arguments.pairs:
        found += open_pairs(folder, taken=[each.id for each in found])
    for name in arguments.unlabelled:
        if arguments.workspace is not None and not Path(name).exists():
            found.append(_open_stored(arguments, name, False))
        elif Path(name).is_dir() and any(Path(name).glob("*.labels.tif*")):
            raise SettingsError(f"{name} is a folder of pairs; give it with --pairs.")
        else:
            found.append(open_tomogram(Path(name), None, taken=[each.id for each in found]))
    return found


def _open_stored(arguments: argparse.Namespace, name: str, is_labelled: bool) -> "TrainingTomogram":
    from sxt.workspace import Workspace
    from sxt.workspace.training import open_training_tomogram

    return open_training_tomogram(Workspace(arguments.workspace), name, with_labels=is_labelled)


def _settings(arguments: argparse.Namespace) -> "TrainingSettings":
    from sxt.train import RECIPES, SplitSettings, TrainingSettings

    recipe = RECIPES[arguments.recipe]()
    given = {
        "batch_crops": arguments.batch,
        "crop_px": arguments.crop,
        "learning_rate": arguments.learning_rate,
        "n_rounds": arguments.rounds if arguments.recipe == "semi" else None,
    }
    recipe = dataclasses.replace(recipe, **{k: v for k, v in given.items() if v is not None})
    if arguments.invert:
        varied = dataclasses.replace(recipe.augmentation, invert_share=0.5)
        recipe = dataclasses.replace(recipe, augmentation=varied)
    split = SplitSettings(arguments.hold_out)
    if arguments.gap is not None:
        split = dataclasses.replace(split, gap_slices=arguments.gap)
    return TrainingSettings(
        recipe=recipe,
        steps=arguments.steps,
        minutes=arguments.minutes,
        seed=arguments.seed,
        split=split,
        precision=arguments.precision,
        crops_at_a_time=arguments.at_a_time,
    )


def _classes(arguments: argparse.Namespace, parent: "Model | None") -> "list[ModelClass] | None":
    """Return the classes of the values asked for, named as the version started from names them."""
    from sxt.train.start import name_class

    if arguments.classes is None:
        return None
    known = {each.value: each for each in parent.config.classes} if parent else {}
    return [
        known.get(value) or name_class(value, position) for position, value in enumerate(arguments.classes)
    ]


def _place_among_processes(device: str) -> tuple[str, int, int]:
    """Return the device of this process, its rank, and how many there are, as ``torchrun`` says."""
    rank, count = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    import torch

    if count > 1 and (device == "cuda" or (device == "auto" and torch.cuda.is_available())):
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return device, rank, count


def _torch_device(name: str) -> Any:
    from sxt.segment import choose_device

    return choose_device(name).torch_device


@contextlib.contextmanager
def _bar(rank: int) -> Iterator[ProgressCallback]:
    if rank > 0:
        yield ignore_progress
        return
    with ProgressBar() as bar:
        yield bar


def _tidy_up(folder: Path, processes: "Processes") -> None:
    """Remove the working folder once every process has read the result."""
    processes.wait()
    if processes.is_first:
        shutil.rmtree(folder)


def _parse_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of numbers; give for example 3,10,24"
        ) from error
