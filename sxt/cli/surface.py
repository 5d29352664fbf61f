"""``surface``: reconstruct and measure the surfaces of a mask."""

import argparse
from pathlib import Path
from typing import Any

from sxt.cli.terminal import ProgressBar, parse_voxel_size

FORMATS = ("vtp", "ply", "obj", "stl", "glb")
N_LISTED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("mask", metavar="MASK", help="mask: a file, a folder of single slices, or a glob")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument("--dataset", metavar="NAME", help="which volume of a file that holds several")
    parser.add_argument(
        "--voxel-nm",
        type=parse_voxel_size,
        metavar="Z,Y,X",
        help="voxel size in nm, instead of the file's own",
    )
    parser.add_argument(
        "--class", type=int, dest="only_class", metavar="N", help="only this value of the mask"
    )
    reading = parser.add_mutually_exclusive_group()
    reading.add_argument("--binary", action="store_true", help="every value but 0 is one foreground")
    reading.add_argument(
        "--instances", action="store_true", help="every value but 0 is an object id; touching ids stay apart"
    )
    parser.add_argument(
        "--smooth-z",
        type=float,
        metavar="N",
        help="Gaussian along z with a standard deviation of N slices (default: none)",
    )
    parser.add_argument(
        "--connectivity",
        type=int,
        choices=(6, 26),
        help="voxels of one object share a face (6) or at least a corner (26, the default)",
    )
    smallest = parser.add_mutually_exclusive_group()
    smallest.add_argument(
        "--min-volume-um3", type=float, metavar="V", help="drop components of less volume; 0 keeps all"
    )
    smallest.add_argument(
        "--min-voxels", type=int, metavar="N", help="drop components of fewer voxels (default: 64)"
    )
    parser.add_argument(
        "--max-triangles", type=int, metavar="N", help="budget of the display mesh (default: 200000)"
    )
    parser.add_argument(
        "--formats",
        type=_parse_formats,
        default=("vtp",),
        metavar="LIST",
        help=f"full-resolution mesh as some of {','.join(FORMATS)} (default: vtp)",
    )
    parser.add_argument("--tomogram", metavar="FILE", help="adds its mean grey value inside each component")
    parser.add_argument("--tomogram-dataset", metavar="NAME", help="which volume of the tomogram's file")
    parser.add_argument("--no-scene", action="store_true", help="draw no scene.html and no snapshot.png")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Reconstruct the surfaces and write them; the result is ``surface.json`` with the folder and a short list."""
    from sxt.io import hash_source, read_tomogram
    from sxt.surface import reconstruct_surfaces, write_surfaces

    settings = _settings(arguments)
    mask = read_tomogram(arguments.mask, dataset=arguments.dataset, voxel_size_nm=arguments.voxel_nm)
    tomogram = (
        None
        if arguments.tomogram is None
        else read_tomogram(arguments.tomogram, dataset=arguments.tomogram_dataset)
    )
    with ProgressBar() as progress:
        surfaces = reconstruct_surfaces(
            mask.data,
            voxel_size_nm=mask.voxel_size_nm,
            settings=settings,
            tomogram=tomogram,
            progress=progress,
        )
        source = {"mask": str(arguments.mask), "dataset": arguments.dataset}
        source |= {"sha256": hash_source(arguments.mask), "tomogram": arguments.tomogram}
        written = write_surfaces(
            surfaces,
            arguments.output,
            formats=arguments.formats,
            with_scene=not arguments.no_scene,
            title=f"Surfaces of {Path(arguments.mask).name}",
            source=source,
            progress=progress,
        )
    largest = surfaces.table.head(N_LISTED).to_dict(orient="records")
    return {
        "output": str(arguments.output),
        **written.record,
        "doubts": list(mask.doubts),
        "largest": [{name: _plain(value) for name, value in row.items()} for row in largest],
    }


def describe(result: dict[str, Any]) -> str:
    """Return the result as lines of text."""
    seconds = sum(result["timings_s"].values())
    lines = [
        f"Reconstructed {result['components']} components with {result['triangles']} triangles in {seconds:.1f} s.",
        f"The largest of them (volume, longest width, sphericity), all are in {result['files'][0]}:",
    ]
    for row in result["largest"]:
        if result["voxel_size_nm"] is None:
            size = f"{row['voxels']} voxels, {row['longest_width_px']:.1f} px"
        else:
            size = f"{row['volume_um3']:.3g} µm³, {row['longest_width_um']:.3g} µm"
        border = ", cut by the border" if row["touches_border"] else ""
        lines.append(f"  {row['id']:>5}  {size}, {row['sphericity']:.2f}{border}")
    lines += [*result["doubts"], *result["notes"], "Wrote:"]
    lines += [f"  {Path(result['output']) / name}" for name in result["files"]]
    return "\n".join(lines)


def _settings(arguments: argparse.Namespace) -> Any:
    from sxt.surface import SurfaceSettings

    given = {
        "reading": "binary" if arguments.binary else "instances" if arguments.instances else None,
        "only_class": arguments.only_class,
        "smooth_z": arguments.smooth_z,
        "connectivity": arguments.connectivity,
        "min_volume_um3": arguments.min_volume_um3,
        "min_voxels": arguments.min_voxels,
        "max_triangles": arguments.max_triangles,
    }
    return SurfaceSettings(**{name: value for name, value in given.items() if value is not None})


def _parse_formats(text: str) -> tuple[str, ...]:
    formats = tuple(part.strip().lower() for part in text.split(","))
    unknown = [each for each in formats if each not in FORMATS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is not a mesh format; use some of {','.join(FORMATS)}"
        )
    return formats


def _plain(value: Any) -> Any:
    """Return a NumPy number as Python's, and what is no number (NaN) as None: JSON has neither."""
    plain = value.item() if hasattr(value, "item") else value
    return None if plain != plain else plain
