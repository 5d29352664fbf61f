"""The registry: model versions as folders ``<root>/<name>/<version>/``, listed, loaded and saved."""

import dataclasses
import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from sxt.errors import ModelError, ResourceError, SettingsError
from sxt.files import sha256_of_file, write_text_atomically
from sxt.models.card import render_card
from sxt.models.config import ModelConfig, read_config
from sxt.models.default import chosen_default
from sxt.models.spec import check_name, is_name, parse_spec, version_order
from sxt.models.weights import Precision, count_stored_parameters, read_weights, write_weights
from sxt.network import build_network

SHIPPED_ROOT = Path(__file__).resolve().parents[2] / "weights"
"""Where the model versions that ship with the program lie."""

DEFAULT_MODEL = "membrane"
"""The model whose newest version is used where none is named and no folder has a choice of its own."""

Roots = str | Path | Sequence[str | Path] | None
"""One folder of model versions, several (the first that has a version wins), or None for the shipped ones."""

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "weights.safetensors"
CARD_FILE = "card.md"
CURVES_FILE = "curves.csv"
PICTURE_FILE = "picture.png"
"""What the version makes of slices it was not trained on, to be looked at."""


@dataclass(frozen=True)
class Model:
    """A model version ready to use: ``network`` in evaluation mode, float32, on its device."""

    network: nn.Module
    config: ModelConfig
    path: Path

    @property
    def spec(self) -> str:
        """``name:version``."""
        return self.config.spec

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights file, as checked on loading."""
        return self.config.weights_sha256


@dataclass(frozen=True)
class ModelSummary:
    """One model version in a list; where it is damaged, ``fault`` says how and ``config`` may be None.

    ``is_default`` marks the version that is used where no model is named.
    """

    name: str
    version: str
    path: Path
    config: ModelConfig | None
    n_parameters: int
    size_bytes: int
    is_default: bool
    fault: str = ""

    @property
    def spec(self) -> str:
        """``name:version``."""
        return f"{self.name}:{self.version}"


def load_model(name_or_spec: str, *, root: Roots = None, device: str | torch.device = "cpu") -> Model:
    """Load a model version after checking it against its hash.

    Parameters
    ----------
    name_or_spec : str
        ``"name"`` for its newest version, ``"name:version"`` for that one.
    root : path, sequence of paths, or None
        Where to look; None for the shipped versions.
    device : str or torch.device
        Where the network is put.

    Raises
    ------
    ModelError
        Where there is no such version, or it is damaged or incomplete.
    ResourceError
        Where the device is absent.
    """
    _check_device(device)
    path = find_model(name_or_spec, root=root)
    config = read_config(path / CONFIG_FILE)
    _check_folder(path, config)
    weights = path / WEIGHTS_FILE
    _check_weights_hash(weights, config)
    network = _build_without_memory(config)
    network.load_state_dict(read_weights(weights, network.state_dict()), assign=True)
    return Model(network=network.eval().to(device), config=config, path=path)


def find_model(name_or_spec: str, *, root: Roots = None) -> Path:
    """Return the folder of a model version; unknown names raise a `ModelError` that lists what there is."""
    name, version = parse_spec(name_or_spec)
    folders = {
        folder.name: folder for folder in reversed(_version_folders(root)) if folder.parent.name == name
    }
    if version in folders:
        return folders[version]
    if folders and version is None:
        return folders[max(folders, key=version_order)]
    there_is = ", ".join(_specs(root)) or "none at all"
    places = ", ".join(str(each) for each in _roots(root))
    raise ModelError(f"There is no model version {name_or_spec!r} in {places}; there is: {there_is}.")


def default_model(root: Roots = None) -> str:
    """Return the model used where none is named: the version chosen in one of the folders, else `DEFAULT_MODEL`."""
    return chosen_default(_roots(root), _specs(root)) or DEFAULT_MODEL


def list_models(root: Roots = None) -> list[ModelSummary]:
    """Return every model version there is, by name, the newest version of each first."""
    by_spec = {(folder.parent.name, folder.name): folder for folder in reversed(_version_folders(root))}
    default_name, default_version = parse_spec(default_model(root))
    if default_version is None:
        versions = [version for name, version in by_spec if name == default_name]
        default_version = max(versions, key=version_order, default=None)
    names = sorted({name for name, _ in by_spec})
    ordered = [
        (name, version)
        for name in names
        for version in sorted((v for n, v in by_spec if n == name), key=version_order, reverse=True)
    ]
    return [
        _summarise(by_spec[name, version], is_default=(name, version) == (default_name, default_version))
        for name, version in ordered
    ]


def next_version(name: str, *, root: Roots = None) -> str:
    """Return the whole number after the newest version of ``name`` in all the roots, ``"1"`` at first."""
    check_name(name, what="model name")
    versions = [folder.name for folder in _version_folders(root) if folder.parent.name == name]
    leading = (version.split(".")[0] for version in versions)
    return str(max((int(number) for number in leading if number.isdecimal()), default=0) + 1)


def save_model(
    root: str | Path,
    config: ModelConfig,
    network: nn.Module,
    *,
    card: str | None = None,
    curves_csv: str | None = None,
    picture_png: bytes | None = None,
    precision: Precision = "fp16",
) -> Path:
    """Write a model version; its folder appears under its name only when whole.

    Parameters
    ----------
    root : path
        Folder of model versions; made where absent.
    config : ModelConfig
        Its ``weights_sha256`` is filled in.
    network : torch.nn.Module
        Made from ``config.network``; its weights must be finite.
    card : str or None
        Text of ``card.md``; None to render it from the configuration.
    curves_csv : str or None
        Text of ``curves.csv``, the training curves.
    picture_png : bytes or None
        Content of ``picture.png``.
    precision : {"fp16", "fp32"}
        How the weights are stored; fp16 changes outputs by about 1e-3.

    Returns
    -------
    Path
        The version's folder.

    Raises
    ------
    ModelError
        Where the version exists already, or the weights are not finite.
    """
    final = Path(root) / config.name / config.version
    _refuse_existing(final)
    _refuse_other_network(config, network)
    final.parent.mkdir(parents=True, exist_ok=True)
    staging = final.with_name(f".{config.version}.{secrets.token_hex(4)}.partial")
    try:
        staging.mkdir()
        write_weights(staging / WEIGHTS_FILE, network, precision=precision)
        saved = dataclasses.replace(config, weights_sha256=sha256_of_file(staging / WEIGHTS_FILE))
        _write_texts(staging, saved, card=card, curves_csv=curves_csv)
        if picture_png is not None:
            (staging / PICTURE_FILE).write_bytes(picture_png)
        _move_into_place(staging, final)
    finally:
        if staging.exists():
            shutil.rmtree(staging)
    return final


def _roots(root: Roots) -> tuple[Path, ...]:
    if root is None:
        return (SHIPPED_ROOT,)
    if isinstance(root, str | Path):
        return (Path(root),)
    return tuple(Path(each) for each in root)


def _version_folders(root: Roots) -> list[Path]:
    """Return every ``<root>/<name>/<version>``, root by root; what is half written starts with a dot."""
    names = (folder for each in _roots(root) for folder in _subfolders(each))
    return [version for name in names for version in _subfolders(name)]


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if is_name(each.name) and each.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelError(
            f"The models folder {folder} cannot be listed ({error.strerror}); give a folder that can be read."
        ) from error


def _specs(root: Roots) -> list[str]:
    folders = {(folder.parent.name, folder.name) for folder in _version_folders(root)}
    return [
        f"{name}:{version}" for name, version in sorted(folders, key=lambda f: (f[0], version_order(f[1])))
    ]


def _summarise(folder: Path, *, is_default: bool) -> ModelSummary:
    config, n_parameters, size_bytes, fault = None, 0, 0, ""
    try:
        config = read_config(folder / CONFIG_FILE)
        _check_folder(folder, config)
        n_parameters = count_stored_parameters(folder / WEIGHTS_FILE)
        size_bytes = sum(each.stat().st_size for each in folder.iterdir())
    except ModelError as error:
        fault = str(error)
    return ModelSummary(
        name=folder.parent.name,
        version=folder.name,
        path=folder,
        config=config,
        n_parameters=n_parameters,
        size_bytes=size_bytes,
        is_default=is_default,
        fault=fault,
    )


def _check_device(device: str | torch.device) -> None:
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise SettingsError(f"{device!r} is not a device; use 'cpu', 'cuda' or 'cuda:N'.") from error
    n_found = torch.cuda.device_count()
    if wanted.type == "cuda" and (wanted.index or 0) >= n_found:
        raise ResourceError(
            f"The device {str(wanted)!r} is absent: torch finds {n_found} CUDA devices; use 'cpu'."
        )


def _check_folder(folder: Path, config: ModelConfig) -> None:
    if (config.name, config.version) != (folder.parent.name, folder.name):
        raise ModelError(
            f"{folder / CONFIG_FILE} says it is {config.spec}, but it lies in "
            f"{folder.parent.name}/{folder.name}; name the folders as the configuration does."
        )


def _check_weights_hash(weights: Path, config: ModelConfig) -> None:
    try:
        found = sha256_of_file(weights)
    except OSError as error:
        raise ModelError(
            f"{weights} cannot be read ({error.strerror}); install the model version again."
        ) from error
    if found != config.weights_sha256:
        raise ModelError(
            f"{weights} is damaged: its SHA-256 is {found[:12]}…, but the configuration of {config.spec} "
            f"states {config.weights_sha256[:12] or 'none'}…; install the model version again."
        )


def _build_without_memory(config: ModelConfig) -> nn.Module:
    """Build the network's structure alone: no memory for sizes that prove wrong, no random draw."""
    with torch.device("meta"):
        return build_network(config.network)


def _refuse_other_network(config: ModelConfig, network: nn.Module) -> None:
    expected = _build_without_memory(config).state_dict()
    found = {name: tensor.shape for name, tensor in network.state_dict().items()}
    if found != {name: tensor.shape for name, tensor in expected.items()}:
        raise ModelError(
            f"The network given for {config.spec} is not the one its configuration describes; "
            "make it with build_network(config.network)."
        )


def _refuse_existing(final: Path) -> None:
    if final.exists():
        raise ModelError(f"The model version {final} exists already; save under another version.")


def _write_texts(folder: Path, config: ModelConfig, *, card: str | None, curves_csv: str | None) -> None:
    write_text_atomically(
        folder / CONFIG_FILE, json.dumps(config.to_json(), indent=2, allow_nan=False) + "\n"
    )
    write_text_atomically(folder / CARD_FILE, render_card(config) if card is None else card)
    if curves_csv is not None:
        write_text_atomically(folder / CURVES_FILE, curves_csv)


def _move_into_place(staging: Path, final: Path) -> None:
    try:
        staging.rename(final)  # refuses a version that another process saved meanwhile
    except OSError as error:
        _refuse_existing(final)
        raise ModelError(f"{final} cannot be written ({error.strerror}); use another folder.") from error
