"""``python -m sxt compare``: compare model versions on the same tomograms."""

import argparse
import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sxt.cli.memory import use_huge_pages
from sxt.cli.models import add_models_dir_argument, model_roots
from sxt.cli.predictions import (
    add_measuring_arguments,
    check_measuring,
    describe_table,
    find_record,
    measure,
    open_labels,
    show_number,
    write_files,
)
from sxt.cli.terminal import ProgressBar
from sxt.cli.variants import Variant, folder_name, parse_variant, variant_settings
from sxt.errors import InputError, SettingsError

if TYPE_CHECKING:
    from sxt.metrics import ClassName, Labels, Prediction, StudyInput
    from sxt.models import Model
    from sxt.segment import SegmentSettings
    from sxt.tomogram import Tomogram
    from sxt.workspace import Workspace

SEGMENTATIONS_FOLDER = "segmentations"
SHOWN_HASH = 10
SCORES = {"dice": "Dice", "precision": "Precision", "recall": "Recall", "surface_dice": "Surface Dice"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models",
        nargs="+",
        required=True,
        type=parse_variant,
        metavar="NAME[:VERSION][@KEY=VALUE,...]",
        help="2 to 6 versions, or one with settings of its own (tta, threshold, tile, overlap, precision, absorbing)",
    )
    parser.add_argument(
        "--tomogram", nargs="+", required=True, metavar="T", help="tomograms to compare them on"
    )
    parser.add_argument("--labels", nargs="+", default=[], metavar="L", help="labels, one volume a tomogram")
    parser.add_argument(
        "--baseline", metavar="NAME", help="the one of --models that the others are measured against"
    )
    add_models_dir_argument(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--slices", type=parse_slices, metavar="A:B", help="only slices A to B-1")
    add_measuring_arguments(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    use_huge_pages()
    from sxt.metrics import summarise

    _check(arguments)
    check_measuring(arguments)
    with _segmentations_folder(arguments.output) as folder, ProgressBar() as progress:
        given = _gather(arguments, folder, progress)
        study = measure(given, arguments, progress)
    files = write_files(study, arguments.output, title="Comparison of model versions")
    return {**summarise(study), "files": files}


def describe(result: dict[str, Any]) -> str:
    lines = []
    for each in result["classes"]:
        against = f", against {result['baseline']}" if len(result["versions"]) > 1 else ""
        lines += [f"{each['name'].capitalize()}{against}:"]
        lines += _describe_comparison(result, each["name"]) or _describe_agreement(result, each["name"])
    for row in result["changes"]:
        fixed, broken = row["voxels_fixed"], row["voxels_broken"]
        lines.append(
            f"{row['version']} on {row['tomogram']}, {row['class']}: {fixed} voxels fixed, {broken} broken, "
            f"{row['voxels_still_wrong']} still wrong, {row['voxels_right']} right in both."
        )
    lines += [*result["warnings"], *result["notes"]]
    if result["files"]:
        lines += ["Wrote:", *(f"  {name}" for name in result["files"])]
    return "\n".join(lines)


def parse_slices(text: str) -> tuple[int, int]:
    """Parse ``A:B``."""
    try:
        first, last = (int(part) for part in text.split(":"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a slice range; give A:B, for example 100:200"
        ) from error
    return first, last


def _check(arguments: argparse.Namespace) -> None:
    names = [each.name for each in arguments.models]
    if arguments.labels and len(arguments.labels) != len(arguments.tomogram):
        raise SettingsError(
            f"There are {len(arguments.tomogram)} tomograms but {len(arguments.labels)} labels; "
            "give one label volume for each tomogram, in the same order."
        )
    if len(set(names)) != len(names):
        raise SettingsError(f"{', '.join(names)} repeat themselves; give every version once.")


def _gather(arguments: argparse.Namespace, folder: Path, progress: ProgressBar) -> "StudyInput":
    """Open everything, segmenting what is not segmented yet."""
    from sxt.io import hash_source, read_tomogram
    from sxt.metrics import StudyInput, TomogramInfo, VersionInfo
    from sxt.models import load_model
    from sxt.workspace.predictions import common_classes

    roots = model_roots(arguments.models_dir)
    models = [load_model(each.spec, root=roots) for each in arguments.models]
    classes = common_classes(tuple(each.config for each in models))
    if arguments.only_class is not None:
        classes = tuple(each for each in classes if each.value == arguments.only_class)
        if not classes:
            raise SettingsError(
                f"The versions have no class {arguments.only_class} in common; choose another."
            )
    tomograms = [read_tomogram(path, voxel_size_nm=arguments.voxel_nm) for path in arguments.tomogram]
    hashes = [hash_source(path) for path in arguments.tomogram]
    opened = [open_labels(path) for path in arguments.labels]
    finder = _Finder(arguments, folder, _open_workspace(), progress)
    predictions = tuple(
        tuple(
            finder.prediction(variant, model, tomogram, sha256, classes)
            for tomogram, sha256 in zip(tomograms, hashes, strict=True)
        )
        for variant, model in zip(arguments.models, models, strict=True)
    )
    infos = []
    for i, (tomogram, sha256) in enumerate(zip(tomograms, hashes, strict=True)):
        labels_name = opened[i][0].name if opened else ""
        labels_sha256 = hash_source(arguments.labels[i]) if opened else ""
        infos.append(TomogramInfo(tomogram.name, sha256, labels_name, labels_sha256, tomogram.voxel_size_nm))
    versions = [
        VersionInfo(
            variant.name,
            sha256=model.sha256,
            parent=model.config.parent,
            settings={key: str(value) for key, value in variant.changes.items()},
        )
        for variant, model in zip(arguments.models, models, strict=True)
    ]
    return StudyInput(
        versions=tuple(versions),
        tomograms=tuple(infos),
        predictions=predictions,
        labels=tuple(_of_slices(labels, arguments.slices) for _, labels in opened),
        classes=classes,
        baseline=arguments.baseline,
    )


def _of_slices(labels: "Labels", slices: tuple[int, int] | None) -> "Labels":
    return labels if slices is None else dataclasses.replace(labels, only_slices=frozenset(range(*slices)))


class _Finder:
    """Finds the segmentation of a tomogram by a version: in the workspace, in the output, or by making it."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        folder: Path,
        workspace: "Workspace | None",
        progress: ProgressBar,
    ) -> None:
        self._arguments = arguments
        self._folder = folder
        self._workspace = workspace
        self._progress = progress

    def prediction(
        self,
        variant: Variant,
        model: "Model",
        tomogram: "Tomogram",
        sha256: str,
        classes: "tuple[ClassName, ...]",
    ) -> "Prediction":
        settings = variant_settings(variant, self._arguments.slices)
        threshold = model.config.threshold if settings.threshold is None else settings.threshold
        found = self._in_workspace(model, tomogram, sha256, settings, threshold, classes)
        return found or self._in_folder(model, tomogram, sha256, settings, threshold, classes)

    def _in_workspace(
        self,
        model: "Model",
        tomogram: "Tomogram",
        sha256: str,
        settings: "SegmentSettings",
        threshold: float,
        classes: "tuple[ClassName, ...]",
    ) -> "Prediction | None":
        from sxt.workspace.predictions import find_segmentation, open_prediction

        if self._workspace is None:
            return None
        same = [each for each in self._workspace.tomograms.list() if each.sha256 == sha256]
        for each in same:
            manifest = find_segmentation(
                self._workspace, each.id, model_sha256=model.sha256, settings=settings
            )
            if manifest is not None and each.voxel_size_nm == tomogram.voxel_size_nm:
                return open_prediction(self._workspace, manifest, threshold=threshold, classes=classes)
        return None

    def _in_folder(
        self,
        model: "Model",
        tomogram: "Tomogram",
        sha256: str,
        settings: "SegmentSettings",
        threshold: float,
        classes: "tuple[ClassName, ...]",
    ) -> "Prediction":
        from sxt.io import read_tomogram
        from sxt.metrics import Prediction
        from sxt.segment import segment_to_folder
        from sxt.workspace.predictions import StackedProbabilities, ThresholdedMask

        folder = self._folder / folder_name(model, settings) / sha256[:SHOWN_HASH]
        if not _is_stored(folder, model, tomogram, sha256, settings):
            segment_to_folder(
                tomogram,
                model,
                folder,
                settings=settings,
                device=self._arguments.device,
                format_name="zarr",
                progress=self._progress,
            )
        record = find_record(folder)
        if record is None:
            raise InputError(f"{folder} holds no segmentation; delete it and compare again.")
        channels = tuple(read_tomogram(path).data for path in record.probabilities)
        values = [each.value for each in model.config.classes]
        return Prediction(
            mask=ThresholdedMask(
                StackedProbabilities(channels), threshold=threshold, class_values=tuple(values)
            ),
            probabilities=tuple(channels[values.index(each.value)] for each in classes),
            first_slice=int(record.content["slices"][0]),
            threshold=threshold,
        )


def _is_stored(
    folder: Path, model: "Model", tomogram: "Tomogram", sha256: str, settings: "SegmentSettings"
) -> bool:
    """Return whether a folder holds the segmentation of that tomogram by that version with those settings."""
    from sxt.workspace.predictions import are_same_settings

    record = find_record(folder) if folder.is_dir() else None
    if record is None:
        return False
    source, size = record.content["input"], tomogram.voxel_size_nm
    return (
        source["sha256"] == sha256
        and source["voxel_size_nm"] == (None if size is None else list(size))
        and record.content["model"]["sha256"] == model.sha256
        and are_same_settings(record.content["settings"], settings)
    )


def _open_workspace() -> "Workspace | None":
    """Open the workspace where there is one; none is made."""
    from sxt.workspace import Workspace

    root = Path(os.environ.get("SXT_WORKSPACE") or "workspace")
    return Workspace(root) if (root / "segmentations").is_dir() else None


@contextlib.contextmanager
def _segmentations_folder(output: Path | None) -> Iterator[Path]:
    """Yield where segmentations are kept: in the output for the next time, or for the time of this run alone."""
    if output is not None:
        yield output / SEGMENTATIONS_FOLDER
        return
    with tempfile.TemporaryDirectory(prefix="sxt-compare.") as folder:
        yield Path(folder)


def _describe_comparison(result: dict[str, Any], class_name: str) -> list[str]:
    rows = [row for row in result["comparison"] if row["class"] == class_name and row["score"] in SCORES]
    if not rows:
        return []
    table = [("version", "score", "value", "difference", "p", "verdict")]
    for row in rows:
        is_baseline = row["version"] == row["baseline"]
        table.append(
            (
                row["version"],
                SCORES[row["score"]],
                _interval(row, "value", "low", "high"),
                ""
                if is_baseline
                else _interval(row, "difference", "difference_low", "difference_high", sign="+"),
                "" if is_baseline else show_number(row["p_adjusted"]),
                "baseline" if is_baseline else row["verdict"],
            )
        )
    return describe_table(table)


def _describe_agreement(result: dict[str, Any], class_name: str) -> list[str]:
    rows = [row for row in result["agreement"] if row["class"] == class_name]
    table = [("version", "tomogram", "Dice", "voxels that differ", "µm³", "objects")]
    table += [
        (
            row["version"],
            row["tomogram"],
            show_number(row["dice"]),
            str(row["disagreement_voxels"]),
            show_number(row["disagreement_um3"]),
            f"{row['baseline_objects']} to {row['candidate_objects']}",
        )
        for row in rows
    ]
    return describe_table(table)


def _interval(row: dict[str, Any], value: str, low: str, high: str, *, sign: str = "") -> str:
    if row[value] is None:
        return "–"
    text = f"{row[value]:{sign}.3f}"
    return text if row[low] is None else f"{text} [{row[low]:{sign}.3f}, {row[high]:{sign}.3f}]"
