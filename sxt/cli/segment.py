"""``python -m sxt segment``: segment a tomogram into a folder."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from sxt.cli.memory import use_huge_pages
from sxt.cli.models import add_models_dir_argument, model_roots
from sxt.cli.terminal import ProgressBar, parse_voxel_size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input", metavar="INPUT", help="tomogram: a file, a folder of single slices, or a glob"
    )
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--model",
        default=None,
        metavar="NAME[:VERSION]",
        help="model version (default: the one that `models` marks)",
    )
    add_models_dir_argument(parser)
    parser.add_argument("--dataset", help="which volume of a file that holds several")
    parser.add_argument(
        "--slices", type=_parse_slices, default=(None, None), metavar="A:B", help="slices A to B-1"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument(
        "--tile", type=int, metavar="N", help="tile side in pixels (default: as the device allows)"
    )
    parser.add_argument("--overlap", type=int, metavar="N", help="pixels that tiles share (default: 96)")
    parser.add_argument(
        "--tta", choices=("none", "rot4", "d4"), help="test-time augmentation (default: none)"
    )
    parser.add_argument(
        "--threshold", type=float, metavar="P", help="probability of foreground (default: the model's)"
    )
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16", "fp16"), help="arithmetic (default: auto)"
    )
    parser.add_argument("--format", choices=("tif", "mrc", "npy", "zarr"), default="tif", help="default: tif")
    parser.add_argument("--voxel-nm", type=parse_voxel_size, metavar="Z,Y,X", help="voxel size in nm")
    parser.add_argument("--absorbing", choices=("dark", "bright"), help="grey value of absorbing structures")
    parser.add_argument(
        "--preset", choices=("default", "paper"), default="default", help="paper: as Dyhr et al. 2023"
    )
    parser.add_argument("--no-rescale", action="store_true", help="keep the pixel size, whatever the model's")
    parser.add_argument("--resume", action="store_true", help="go on from an interrupted run")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    use_huge_pages()
    from sxt.io import read_tomogram
    from sxt.models import default_model, load_model
    from sxt.segment import segment_to_folder

    tomogram = read_tomogram(arguments.input, dataset=arguments.dataset, voxel_size_nm=arguments.voxel_nm)
    roots = model_roots(arguments.models_dir)
    model = load_model(arguments.model or default_model(roots), root=roots)
    with ProgressBar() as progress:
        written = segment_to_folder(
            tomogram,
            model,
            arguments.output,
            settings=_settings(arguments),
            device=arguments.device,
            format_name=arguments.format,
            resume=arguments.resume,
            progress=progress,
        )
    return {"output": str(arguments.output), **written.record}


def describe(result: dict[str, Any]) -> str:
    output = Path(result["output"])
    files = [
        result["result"]["mask"],
        *result["result"]["probabilities"],
        "overview.png",
        "segmentation.json",
    ]
    first, last = result["slices"]
    seconds = sum(result["seconds"].values())
    shares = ", ".join(
        f"{name} {100 * share:.2f} %" for name, share in result["result"]["foreground_share"].items()
    )
    lines = [
        f"Segmented slices {first}:{last} of {result['input']['path']} with {result['model']['spec']} "
        f"on {result['device']} in {seconds:.1f} s.",
        f"Foreground: {shares}.",
        *result["input"]["doubts"],
        *result["notes"],
        "Wrote:",
        *(f"  {output / name}" for name in files),
    ]
    return "\n".join(lines)


def _settings(arguments: argparse.Namespace) -> Any:
    from sxt.segment import SegmentSettings, TileSettings

    first, last = arguments.slices
    if arguments.preset == "paper":
        settings = SegmentSettings.paper(first_slice=first, last_slice=last)
    else:
        settings = SegmentSettings(first_slice=first, last_slice=last)
    tiles = {"tile_px": arguments.tile, "overlap_px": _overlap(arguments)}
    chosen = {
        "tta": arguments.tta,
        "threshold": arguments.threshold,
        "precision": arguments.precision,
        "absorbing_is": arguments.absorbing,
        "rescale": False if arguments.no_rescale else None,
    }
    given_tiles: TileSettings = dataclasses.replace(settings.tiles, **_given(tiles))
    return dataclasses.replace(settings, tiles=given_tiles, **_given(chosen))


def _overlap(arguments: argparse.Namespace) -> int | None:
    """The overlap asked for; a small tile without one gets a third of its side."""
    if arguments.overlap is not None or arguments.tile is None:
        return arguments.overlap if arguments.overlap is None else int(arguments.overlap)
    from sxt.segment.settings import DEFAULT_OVERLAP_PX

    return min(DEFAULT_OVERLAP_PX, int(arguments.tile) // 3)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parse_slices(text: str) -> tuple[int | None, int | None]:
    try:
        first, last = (int(part) if part.strip() else None for part in text.split(":"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a slice range; give A:B, for example 100:200"
        ) from error
    return first, last
