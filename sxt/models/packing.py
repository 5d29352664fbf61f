"""Model versions from elsewhere: a ZIP of one version, safetensors with their configuration, or Keras weights.

Whatever comes in is checked as a whole (names, sizes, hash, shapes, finite numbers) before it appears among the
versions, and nothing is unpickled.
"""

import contextlib
import dataclasses
import datetime
import json
import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from sxt.errors import ModelError, SxtError
from sxt.files import atomic_path, sha256_of_file, write_text_atomically
from sxt.models.card import render_card
from sxt.models.config import CLASS_COLOURS, ModelClass, ModelConfig
from sxt.models.registry import (
    CARD_FILE,
    CONFIG_FILE,
    CURVES_FILE,
    PICTURE_FILE,
    WEIGHTS_FILE,
    Roots,
    find_model,
    next_version,
    save_model,
)
from sxt.models.spec import check_name
from sxt.models.weights import read_weights
from sxt.network import NetworkConfig, build_network, count_parameters

LIMITS: Mapping[str, int] = {
    CONFIG_FILE: 1 << 20,
    CARD_FILE: 1 << 20,
    CURVES_FILE: 64 << 20,
    PICTURE_FILE: 8 << 20,
    WEIGHTS_FILE: 4 << 30,
}
"""The files of a version, and the most bytes that each may have."""

REQUIRED = (CONFIG_FILE, WEIGHTS_FILE)
PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED_FLAG = 0x1
BLOCK_BYTES = 1 << 20
LEAST_BYTES_PER_PARAMETER = 1
"""Keras stores four; a file with less than one is not the file of that configuration."""

KERAS_COLOUR = "#E69F00"


def pack_model(folder: Path, final: Path) -> Path:
    """Write a version's folder as one ZIP, whole or not at all; `install_package` takes it in.

    Weights are not compressed, for random numbers cannot be.
    """
    name = f"{folder.parent.name}-{folder.name}"
    with atomic_path(final) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for file_name in LIMITS:
            if (folder / file_name).is_file():
                archive.write(folder / file_name, f"{name}/{file_name}")
    return final


def install_package(archive: Path, root: Path, *, beside: Roots = None) -> Path:
    """Take in a version that `pack_model` or the dashboard packed.

    Parameters
    ----------
    archive : Path
        The ZIP.
    root : Path
        Folder of model versions to put it in.
    beside : path, sequence of paths, or None
        Where else versions lie, as for `load_model`; a version of the same name there gets no double.

    Returns
    -------
    Path
        The version's folder: as its configuration names it, or under the next free number where that name is taken by
        other weights.

    Raises
    ------
    ModelError
        Where it is no such ZIP, anything in it is damaged or unknown, or the same version is here already.
    """
    with _staging(root) as files:
        _extract(archive, files)
        return _settle(files, root, beside)


def install_weights(weights: Path, config: Path, root: Path, *, beside: Roots = None) -> Path:
    """Take in safetensors with the ``config.json`` of their version; raises and returns as `install_package`."""
    with _staging(root) as files:
        for source, name in ((config, CONFIG_FILE), (weights, WEIGHTS_FILE)):
            _refuse_size(name, source.stat().st_size)
            shutil.copyfile(source, files / name)
        return _settle(files, root, beside)


def install_keras_weights(
    weights: Path,
    network: NetworkConfig,
    root: Path,
    *,
    name: str,
    beside: Roots = None,
    class_name: str = "membrane",
    pixel_size_nm: float | None = None,
) -> Path:
    """Make the next version of ``name`` from weights that Keras 2 saved for the published network.

    Parameters
    ----------
    weights : Path
        HDF5, as ``save_weights`` writes it.
    network : NetworkConfig
        The configuration it was trained with.
    root, beside
        As for `install_package`.
    name : str
        Of the model.
    class_name : str
        What its foreground is.
    pixel_size_nm : float or None
        Of the training data; nothing is rescaled where it is unknown.

    Raises
    ------
    ModelError
        Where the file does not fit the configuration; the message names the layer.
    """
    from sxt.network.keras_weights import load_keras_weights

    check_name(name, what="model name")
    _refuse_small(weights, network)
    _refuse_outside(weights)
    loaded = load_keras_weights(weights, network)
    config = ModelConfig(
        name=name,
        version=next_version(name, root=[root, *_each(beside)]),
        network=network,
        classes=(ModelClass(1, class_name, CLASS_COLOURS.get(class_name, KERAS_COLOUR)),),
        created=datetime.date.today().isoformat(),
        pixel_size_nm=pixel_size_nm,
        normalisation="zscore",
        description="Imported from published Keras weights.",
        source=f"{weights.name}, sha256 {sha256_of_file(weights)}",
    )
    return save_model(root, config, loaded, precision="fp32")


@contextlib.contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """Yield an empty folder that vanishes at the end, on the disk of ``root`` and out of sight of the registry."""
    folder = root / f".import.{secrets.token_hex(4)}.partial"
    files = folder / "version"
    files.mkdir(parents=True)
    try:
        yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _extract(archive: Path, files: Path) -> None:
    """Write the known files of a ZIP into ``files``; anything else in it is refused."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for name, member in _members(opened).items():
                _copy_member(opened, member, files / name, LIMITS[name])
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise ModelError(
            f"The file cannot be read as a ZIP ({error}); export the model version again."
        ) from error


def _members(opened: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the archive's files by their names, which all lie in one folder or in none."""
    members: dict[str, zipfile.ZipInfo] = {}
    folders = set()
    for member in opened.infolist():
        if member.is_dir():
            continue
        folder, _, name = member.filename.rpartition("/")
        folders.add(folder)
        if name not in LIMITS or name in members or "/" in folder or folder in ("..", "."):
            raise ModelError(
                f"The ZIP holds {member.filename[:80]!r}; a model version has {', '.join(LIMITS)} once each, "
                "and nothing else."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ModelError(f"{name} in the ZIP is a link; export the model version again.")
        if member.flag_bits & ENCRYPTED_FLAG or member.compress_type not in PLAIN_METHODS:
            raise ModelError(f"{name} in the ZIP is encrypted or compressed unusually; make a plain ZIP.")
        _refuse_size(name, member.file_size)
        members[name] = member
    missing = [name for name in REQUIRED if name not in members]
    if missing or len(folders) > 1:
        what = f"lacks {' and '.join(missing)}" if missing else "has several folders"
        raise ModelError(f"The ZIP {what}; give one that holds a single exported model version.")
    return members


def _copy_member(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, limit: int) -> None:
    """Unpack one file, never more bytes than allowed, whatever the archive says about its size."""
    n_bytes = 0
    with opened.open(member) as source, target.open("xb") as stream:
        while block := source.read(BLOCK_BYTES):
            n_bytes += len(block)
            if n_bytes > limit:
                _refuse_size(target.name, n_bytes)
            stream.write(block)


def _refuse_size(name: str, n_bytes: int) -> None:
    if n_bytes > LIMITS[name]:
        raise ModelError(
            f"{name} has {n_bytes / 1e6:.0f} MB, more than the {LIMITS[name] / 1e6:.0f} MB of a model version; "
            "check what was exported."
        )


def _settle(files: Path, root: Path, beside: Roots) -> Path:
    """Check what was staged, and move it to where the registry finds it."""
    config = _read_staged_config(files)
    weights = files / WEIGHTS_FILE
    found = sha256_of_file(weights)
    if config.weights_sha256 not in ("", found):
        raise ModelError(
            f"The weights are damaged or of another version: their SHA-256 is {found[:12]}…, but config.json states "
            f"{config.weights_sha256[:12]}…; export the model version again."
        )
    _check_tensors(weights, config)
    given = dataclasses.replace(config, weights_sha256=found)
    settled = _with_free_version(given, [root, *_each(beside)])
    card = files / CARD_FILE
    if not card.exists() or card.read_text(encoding="utf-8", errors="replace") == render_card(given):
        write_text_atomically(card, render_card(settled))
    write_text_atomically(
        files / CONFIG_FILE, json.dumps(settled.to_json(), indent=2, allow_nan=False) + "\n"
    )
    final = root / settled.name / settled.version
    final.parent.mkdir(exist_ok=True)
    try:
        files.rename(final)  # refuses what another process put there meanwhile
    except OSError as error:
        raise ModelError(f"{final} cannot be made ({error.strerror}); try again.") from error
    return final


def _read_staged_config(files: Path) -> ModelConfig:
    try:
        return ModelConfig.from_json(json.loads((files / CONFIG_FILE).read_text(encoding="utf-8")))
    except ValueError as error:
        raise ModelError(f"{CONFIG_FILE} is not JSON ({error}); export the model version again.") from error
    except SxtError as error:
        raise ModelError(f"{CONFIG_FILE}: {error}") from error


def _check_tensors(weights: Path, config: ModelConfig) -> None:
    """Raise where the weights are not those of the configured network, or not finite."""
    with torch.device("meta"):
        expected = build_network(config.network).state_dict()
    try:
        read_weights(weights, expected)
    except ModelError as error:
        raise ModelError(str(error).replace(f"{weights}", WEIGHTS_FILE)) from error


def _with_free_version(config: ModelConfig, roots: list[str | Path]) -> ModelConfig:
    """Return the configuration under a version that is not taken; refuse the same weights under the same name."""
    try:
        taken = find_model(config.spec, root=roots)
    except ModelError:
        return config
    if (taken / WEIGHTS_FILE).is_file() and sha256_of_file(taken / WEIGHTS_FILE) == config.weights_sha256:
        raise ModelError(f"{config.spec} is here already, with the same weights; nothing was changed.")
    return dataclasses.replace(config, version=next_version(config.name, root=roots))


def _refuse_small(weights: Path, network: NetworkConfig) -> None:
    """Raise before memory is taken for a network that the file cannot hold."""
    with torch.device("meta"):
        n_parameters = count_parameters(build_network(network))
    if weights.is_file() and weights.stat().st_size < LEAST_BYTES_PER_PARAMETER * n_parameters:
        raise ModelError(
            f"{weights.name} has {weights.stat().st_size / 1e6:.1f} MB, too little for the {n_parameters / 1e6:.1f} "
            "million parameters of its configuration; choose the configuration it was trained with."
        )


def _refuse_outside(weights: Path) -> None:
    """Raise where an HDF5 file takes in parts of other files of this machine."""
    import h5py

    try:
        with h5py.File(weights, "r") as file:
            _refuse_outside_group(file, set())
    except OSError as error:
        raise ModelError(f"{weights.name} is not a readable HDF5 weights file ({error}).") from error


def _refuse_outside_group(group: Any, seen: set[int]) -> None:
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        item = group[name] if isinstance(link, h5py.HardLink) else None
        if item is None or (isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)):
            raise ModelError(
                f"{name!r} in the weights file points elsewhere; give a file that holds its weights."
            )
        place = h5py.h5o.get_info(item.id).addr
        if isinstance(item, h5py.Group) and place not in seen:
            _refuse_outside_group(item, seen | {place})


def _each(roots: Roots) -> list[str | Path]:
    if roots is None:
        return []
    return [roots] if isinstance(roots, str | Path) else list(roots)
