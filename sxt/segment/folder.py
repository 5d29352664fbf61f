"""Segment a tomogram into a folder, streamed: memory does not grow with the number of slices."""

import hashlib
import json
import platform
import shutil
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch

import sxt
from sxt.errors import ResourceError, SettingsError
from sxt.files import atomic_path, write_text_atomically
from sxt.io import hash_source, open_volume_writer
from sxt.io.writer import FormatName
from sxt.models import Model
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.segment.device import choose_device
from sxt.segment.engine import SegmentationRun
from sxt.segment.overview import draw_overview
from sxt.segment.settings import SegmentSettings
from sxt.segment.store import PartialResult
from sxt.tomogram import Tomogram

SCHEMA_VERSION = 1
WRITE_STAGE = "write"
PARTIAL_FOLDER = ".segment.partial"
OVERVIEW_POSITIONS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class WrittenSegmentation:
    """Files of a finished segmentation, and the contents of its ``segmentation.json``."""

    mask: Path
    probabilities: tuple[Path, ...]
    overview: Path
    record_file: Path
    record: dict[str, Any]


def segment_to_folder(
    tomogram: Tomogram,
    model: Model,
    output: Path,
    *,
    settings: SegmentSettings | None = None,
    device: str = "auto",
    format_name: FormatName = "tif",
    resume: bool = False,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> WrittenSegmentation:
    """Segment a tomogram and write mask, probability, record and overview into ``output``.

    Parameters
    ----------
    tomogram, model, settings, device, progress, cancel
        As in `segment_tomogram`.
    output : Path
        Folder; made where absent. Results of an earlier run in it are replaced once the new ones are whole.
    format_name : {"tif", "mrc", "npy", "zarr"}
        Format of mask and probability.
    resume : bool
        Go on from an interrupted run of the same input, model and settings; the result has the same bytes as that of
        a run that was not interrupted.

    Raises
    ------
    SettingsError
        Where settings, device and tomogram do not go together, or ``resume`` finds another run.
    ResourceError
        Where the disk is too full.
    Cancelled
        Where ``cancel`` was called; nothing is left under a final name, and ``resume`` can go on.
    """
    if format_name not in get_args(FormatName):
        raise SettingsError(
            f"There is no format {format_name!r}; choose one of {', '.join(get_args(FormatName))}."
        )
    settings = settings or SegmentSettings()
    cancel = cancel or CancelToken()
    chosen = choose_device(device, precision=settings.precision)
    run = SegmentationRun(tomogram, model, settings=settings, device=chosen, progress=progress)
    _check_disk(output, run)
    hashing = _SourceHash(tomogram.source)
    partial = PartialResult(
        output / PARTIAL_FOLDER, shape=(run.n_classes, *run.shape), fingerprint=_fingerprint(run)
    )
    _predict_all(run, partial, resume=resume, cancel=cancel)
    staging = _fresh_folder(partial.folder / "finished")
    with run.log.timing("write"):
        names = _write_volumes(run, partial, staging, format_name, progress=progress, cancel=cancel)
    with run.log.timing("overview"):
        _write_overview(run, partial, staging / "overview.png")
    with run.log.timing("hash"):
        source_sha256 = hashing.result()
    record = _record(run, partial, names, source_sha256=source_sha256)
    written = _move_into_place(staging, output, names, record)
    partial.remove()
    return written


def _predict_all(run: SegmentationRun, partial: PartialResult, *, resume: bool, cancel: CancelToken) -> None:
    if resume:
        partial.take_up()
        if partial.extra:
            run.restore_tiles(partial.extra["tiles"])
            run.log.take_up(partial.extra["log"])
    else:
        partial.start_anew()
    for slab in run.slabs(skip_slices=partial.n_done, cancel=cancel):
        partial.extra = {"tiles": run.tiles_to_restore(), "log": run.log.to_json()}
        with run.log.timing("store"):
            partial.append(slab.probability)


def _write_volumes(
    run: SegmentationRun,
    partial: PartialResult,
    staging: Path,
    format_name: FormatName,
    *,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> list[str]:
    """Write the mask and a probability a class; returns their file names, the mask's first."""
    classes = run.model.config.classes
    stems = [
        "mask",
        *(["probability"] if len(classes) == 1 else [f"probability-{_slug(c.name)}" for c in classes]),
    ]
    names = [f"{stem}.{format_name}" for stem in stems]
    n_slices = run.shape[0]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                open_volume_writer(
                    staging / name,
                    shape=run.shape,
                    dtype=np.dtype(np.uint8),
                    voxel_size_nm=run.tomogram.voxel_size_nm,
                    origin_nm=_origin_nm(run),
                    format_name=format_name,
                )
            )
            for name in names
        ]
        for start in range(0, n_slices, run.settings.slab_slices):
            cancel.raise_if_cancelled()
            stop = min(n_slices, start + run.settings.slab_slices)
            probability = partial.read(start, stop)
            for writer, values in zip(writers, [run.mask(probability), *probability], strict=True):
                writer.write(values)
            progress(Progress(WRITE_STAGE, stop, n_slices))
    return names


def _write_overview(run: SegmentationRun, partial: PartialResult, path: Path) -> None:
    n_slices = run.shape[0]
    chosen = sorted({min(n_slices - 1, int(fraction * n_slices)) for fraction in OVERVIEW_POSITIONS})
    positions = [run.slices[index] for index in chosen]
    picture = draw_overview(
        [run.tomogram.read_slices(z, z + 1)[0] for z in positions],
        [run.mask(partial.read(index, index + 1))[0] for index in chosen],
        positions,
        classes=run.model.config.classes,
        voxel_size_nm=run.tomogram.voxel_size_nm,
    )
    picture.save(path)


def _record(
    run: SegmentationRun, partial: PartialResult, names: list[str], *, source_sha256: str | None
) -> dict[str, Any]:
    tomogram, config = run.tomogram, run.model.config
    return {
        "schema_version": SCHEMA_VERSION,
        "input": {
            "path": None if tomogram.source is None else str(tomogram.source),
            "sha256": source_sha256,
            "format": tomogram.format_name,
            "shape": list(tomogram.shape),
            "dtype": str(tomogram.dtype),
            "voxel_size_nm": _list_or_none(tomogram.voxel_size_nm),
            "doubts": list(tomogram.doubts),
        },
        "model": {"spec": run.model.spec, "sha256": run.model.sha256},
        "classes": [{"value": c.value, "name": c.name, "colour": c.colour} for c in config.classes],
        "slices": [run.slices.start, run.slices.stop],
        "settings": run.settings.to_json(),
        "decisions": run.decisions(),
        "device": run.device.description,
        "result": {
            "shape": list(run.shape),
            "mask": names[0],
            "probabilities": names[1:],
            "foreground_share": _foreground_shares(run, partial),
            "constant_slices": run.log.constant_slices,
            "missing_voxels": run.log.n_missing_voxels,
        },
        "unlikeness": run.log.unlikeness,
        "notes": run.log.notes,
        "seconds": {stage: round(seconds, 3) for stage, seconds in run.log.seconds.items()},
        "versions": {
            "sxt": sxt.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def _foreground_shares(run: SegmentationRun, partial: PartialResult) -> dict[str, float]:
    counts = np.zeros(256, dtype=np.int64)
    for start in range(0, run.shape[0], run.settings.slab_slices):
        stop = min(run.shape[0], start + run.settings.slab_slices)
        counts += np.bincount(run.mask(partial.read(start, stop)).reshape(-1), minlength=256)
    return {c.name: float(counts[c.value] / counts.sum()) for c in run.model.config.classes}


def _move_into_place(
    staging: Path, output: Path, names: list[str], record: dict[str, Any]
) -> WrittenSegmentation:
    for name in (*names, "overview.png"):
        with atomic_path(output / name) as temporary:
            (staging / name).rename(temporary)
    record_file = output / "segmentation.json"
    write_text_atomically(record_file, json.dumps(record, indent=2, allow_nan=False) + "\n")
    paths = [output / name for name in names]
    return WrittenSegmentation(paths[0], tuple(paths[1:]), output / "overview.png", record_file, record)


def _fingerprint(run: SegmentationRun) -> dict[str, Any]:
    """What must be the same for an interrupted run to go on."""
    source = run.tomogram.source
    stamp = source.stat() if source is not None and source.exists() else None
    return {
        "input": str(source),
        "input size": None if stamp is None else stamp.st_size,
        "input date": None if stamp is None else stamp.st_mtime_ns,
        "input shape": list(run.tomogram.shape),
        "model": run.model.sha256,
        "settings": run.settings.to_json(),
        "voxel size": _list_or_none(run.tomogram.voxel_size_nm),
        "device": run.device.description,
        "absorbing": run.absorbing_is,
    }


class _SourceHash:
    """Computes the hash of the input in a thread while the network runs."""

    def __init__(self, source: Path | None) -> None:
        self._sha256: str | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._compute, args=(source,), daemon=True)
        self._thread.start()

    def _compute(self, source: Path | None) -> None:
        try:
            self._sha256 = None if source is None else hash_source(source)
        except Exception as error:  # handed to the thread that asks for the result
            self._error = error

    def result(self) -> str | None:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._sha256


def _check_disk(output: Path, run: SegmentationRun) -> None:
    existing = next(folder for folder in (output, *output.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise SettingsError(f"{existing} is a file; give a folder for the output.")
    needed_bytes = (2 * run.n_classes + 1) * int(np.prod(run.shape))
    free_bytes = shutil.disk_usage(existing).free
    if needed_bytes > free_bytes:
        raise ResourceError(
            f"The result needs {needed_bytes / 1e9:.1f} GB but {existing} has {free_bytes / 1e9:.1f} GB free; "
            "free some space or choose another folder."
        )


def _origin_nm(run: SegmentationRun) -> tuple[float, float, float]:
    z, y, x = run.tomogram.origin_nm
    thickness_nm = 0.0 if run.tomogram.voxel_size_nm is None else run.tomogram.voxel_size_nm[0]
    return (z + run.slices.start * thickness_nm, y, x)


def _fresh_folder(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _slug(name: str) -> str:
    """Return a class name as part of a file name; a hash keeps names apart that have no letters in common."""
    slug = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split())
    return slug or hashlib.sha256(name.encode()).hexdigest()[:8]


def _list_or_none(values: tuple[float, ...] | None) -> list[float] | None:
    return None if values is None else list(values)
