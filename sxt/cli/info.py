"""``info``: what a file holds, and every doubt about it."""

import argparse
import dataclasses
from typing import Any

from sxt.cli.terminal import ProgressBar, parse_voxel_size
from sxt.io import inspect_file
from sxt.io.units import describe_voxel_size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", help="a file, a folder or quoted glob of TIFF slices, or a Zarr folder")
    parser.add_argument("--dataset", metavar="NAME", help="which volume of a file that holds several")
    parser.add_argument(
        "--voxel-nm",
        type=parse_voxel_size,
        metavar="Z,Y,X",
        help="voxel size in nm, instead of the file's own",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Inspect the file; the result has the fields of `sxt.io.FileInfo`."""
    with ProgressBar() as bar:
        info = inspect_file(
            arguments.file, dataset=arguments.dataset, voxel_size_nm=arguments.voxel_nm, progress=bar
        )
    return dataclasses.asdict(info)


def describe(result: dict[str, Any]) -> str:
    """Return the result as lines of text."""
    rows = [("File", result["path"]), ("Format", result["format_name"])]
    if result["dataset"]:
        rows.append(("Dataset", result["dataset"]))
    if result["shape"]:
        rows.append(
            ("Shape", f"{' × '.join(str(size) for size in result['shape'])} (z, y, x), {result['dtype']}")
        )
    if result["statistics"]:
        rows += _describe_values(result["statistics"])
    if result["shape"]:
        rows += _describe_geometry(result)
    rows += [("Holds", f"{each['name']} {each['shape']} {each['dtype']}") for each in result["datasets"]]
    rows += [("Doubt", doubt) for doubt in result["doubts"]] or [("Doubts", "none")]
    return "\n".join(f"{name + ':':<14}{text}" for name, text in rows)


def _describe_values(statistics: dict[str, Any]) -> list[tuple[str, str]]:
    if statistics["minimum"] is None:
        return [("Range", "no finite voxel")]
    rows = [
        ("Range", f"{statistics['minimum']:g} to {statistics['maximum']:g}"),
        ("1 % to 99 %", f"{statistics['percentile_1']:g} to {statistics['percentile_99']:g}"),
    ]
    if statistics["mean"] is not None and statistics["std"] is not None:
        rows.append(("Mean", f"{statistics['mean']:g}, standard deviation {statistics['std']:g}"))
    if statistics["n_nan"] or statistics["n_infinite"]:
        rows.append(("Not finite", f"{statistics['n_nan']:,} NaN, {statistics['n_infinite']:,} infinite"))
    return rows


def _describe_geometry(result: dict[str, Any]) -> list[tuple[str, str]]:
    size = result["voxel_size_nm"]
    rows = [("Voxel size", describe_voxel_size(size) if size else "not known")]
    if any(result["origin_nm"]):
        rows.append(("Origin", describe_voxel_size(result["origin_nm"])))
    return rows
