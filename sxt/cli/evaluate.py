"""``python -m sxt evaluate``: measure a segmentation against labels."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sxt.cli.predictions import (
    SegmentationRecord,
    add_measuring_arguments,
    agree_on_voxel_size,
    check_measuring,
    describe_table,
    find_record,
    measure,
    open_labels,
    show_number,
    write_files,
)
from sxt.cli.terminal import ProgressBar
from sxt.errors import SettingsError

if TYPE_CHECKING:
    from sxt.metrics import ClassName, Labels, Prediction
    from sxt.tomogram import Tomogram

SHOWN_SCORES = {
    "dice": "Dice",
    "iou": "IoU",
    "precision": "Precision",
    "recall": "Recall",
    "mcc": "MCC",
    "surface_dice": "Surface Dice",
    "hausdorff_95": "Hausdorff 95 %",
    "mean_surface_distance": "Mean surface distance",
    "centreline_dice": "Centreline Dice",
    "objects": "Objects in the truth",
    "object_f1_at_0.5": "Objects found at IoU 0.5, F1",
    "panoptic_quality_at_0.5": "Panoptic quality at IoU 0.5",
    "average_precision": "Average precision",
    "best_dice": "Best Dice",
    "best_threshold": "  at threshold",
    "calibration_error": "Calibration error",
    "wedge_lost_share": "Surface lost to the wedge",
    "paper_accuracy": "Paper accuracy",
    "paper_f1": "Paper F1",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "prediction", metavar="PREDICTION", help="mask: a file, or the folder that segment wrote"
    )
    parser.add_argument(
        "truth", metavar="TRUTH", help="labels: 0 background, 1 to 254 classes, 255 unlabelled"
    )
    parser.add_argument(
        "--probability", metavar="FILE", help="probability of the class, for curves and calibration"
    )
    parser.add_argument(
        "--dataset", metavar="NAME", help="which volume of a prediction's file that holds several"
    )
    parser.add_argument("--truth-dataset", metavar="NAME", help="which volume of the truth's file")
    parser.add_argument(
        "--first-slice",
        type=int,
        metavar="N",
        help="the truth's slice that the prediction's first one belongs to",
    )
    parser.add_argument("--binary", action="store_true", help="every value but 0 is one foreground, in both")
    add_measuring_arguments(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    from sxt.io import hash_source
    from sxt.metrics import StudyInput, TomogramInfo, VersionInfo, summarise

    check_measuring(arguments)
    record = find_record(Path(arguments.prediction))
    path = arguments.prediction if record is None else record.mask
    mask, truth, labels = _open(arguments, path)
    size, notes = agree_on_voxel_size(
        arguments.voxel_nm, ("the truth", truth.voxel_size_nm), ("the prediction", mask.voxel_size_nm)
    )
    classes = _choose_classes(arguments, record)
    given = StudyInput(
        versions=(_describe_version(VersionInfo, arguments, record),),
        tomograms=(
            TomogramInfo(
                name=_tomogram_name(record, arguments.prediction),
                sha256=hash_source(path),
                labels_name=truth.name,
                labels_sha256=hash_source(arguments.truth),
                voxel_size_nm=size,
            ),
        ),
        predictions=((_open_prediction(arguments, record, mask, truth, classes),),),
        labels=(labels,),
        classes=classes,
    )
    with ProgressBar() as progress:
        study = measure(given, arguments, progress)
    result = {"prediction": str(path), "truth": arguments.truth, **summarise(study)}
    result["notes"] = [*notes, *result["notes"]]
    title = f"Evaluation of {given.versions[0].name}"
    return {**result, "files": write_files(study, arguments.output, title=title)}


def describe(result: dict[str, Any]) -> str:
    lines = [f"{result['prediction']} against {result['truth']}"]
    rows = result["scores"]
    table = [("", *(row["class"] for row in rows))]
    table += [
        (label, *(show_number(row.get(name)) for row in rows))
        for name, label in SHOWN_SCORES.items()
        if any(name in row for row in rows)
    ]
    lines += describe_table(table)
    if len(rows) > 1:
        overall = result["overall"][0]
        lines.append(
            f"All classes: accuracy {show_number(overall['accuracy'])}, Dice pooled "
            f"{show_number(overall['pooled']['dice'])}, mean over classes {show_number(overall['macro']['dice'])}"
        )
    unit = next((row["distance_unit"] for row in rows if "distance_unit" in row), None)
    if unit is not None:
        lines.append(f"Distances are in {unit}; surface Dice at {rows[0]['tolerance']:g} {unit}.")
    lines += result["notes"]
    if result["files"]:
        lines += ["Wrote:", *(f"  {name}" for name in result["files"])]
    return "\n".join(lines)


def _open(arguments: argparse.Namespace, path: str | Path) -> "tuple[Tomogram, Tomogram, Labels]":
    from sxt.io import read_tomogram

    mask = read_tomogram(path, dataset=arguments.dataset)
    truth, labels = open_labels(arguments.truth, dataset=arguments.truth_dataset, is_binary=arguments.binary)
    return mask, truth, labels


def _choose_classes(
    arguments: argparse.Namespace, record: SegmentationRecord | None
) -> "tuple[ClassName, ...] | None":
    """Return the classes to measure; None for those found."""
    from sxt.metrics import ClassName, name_classes

    if arguments.binary:
        return (ClassName(1, "foreground"),)
    known = [] if record is None else [ClassName(**each) for each in record.content["classes"]]
    if arguments.only_class is None:
        if arguments.probability and len(known) != 1:
            raise SettingsError("A probability belongs to one class; name it with --class N.")
        return tuple(known) or None
    chosen = tuple(each for each in known if each.value == arguments.only_class)
    return chosen or name_classes((arguments.only_class,))


def _open_prediction(
    arguments: argparse.Namespace,
    record: SegmentationRecord | None,
    mask: "Tomogram",
    truth: "Tomogram",
    classes: "tuple[ClassName, ...] | None",
) -> "Prediction":
    from sxt.io import read_tomogram
    from sxt.metrics import Prediction

    first_slice, threshold, paths = 0, None, []
    if record is not None:
        threshold = float(record.content["decisions"]["threshold"])
        if truth.shape[0] != mask.shape[0]:
            first_slice = int(record.content["slices"][0])
        values = [each["value"] for each in record.content["classes"]]
        chosen = {each.value for each in classes or ()}
        paths = [path for path, value in zip(record.probabilities, values, strict=True) if value in chosen]
        paths = paths if len(paths) == len(chosen) else []
    if arguments.probability:
        paths = [Path(arguments.probability)]
    return Prediction(
        mask=mask.data,
        probabilities=tuple(read_tomogram(path).data for path in paths),
        first_slice=first_slice if arguments.first_slice is None else arguments.first_slice,
        threshold=threshold,
    )


def _describe_version(make: Any, arguments: argparse.Namespace, record: SegmentationRecord | None) -> Any:
    if record is None:
        return make(Path(arguments.prediction).name)
    model = record.content["model"]
    return make(model["spec"], sha256=model["sha256"], settings={"tta": record.content["settings"]["tta"]})


def _tomogram_name(record: SegmentationRecord | None, prediction: str) -> str:
    source = None if record is None else record.content["input"]["path"]
    return Path(source or prediction).name
