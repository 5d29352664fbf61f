"""What a model version says about itself: the contents of its ``config.json``."""

import dataclasses
import datetime
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from sxt.errors import ModelError, SxtError
from sxt.models.familiarity import Familiarity
from sxt.models.spec import check_name, parse_spec
from sxt.network import NetworkConfig
from sxt.tomogram import Absorbing

SCHEMA_VERSION = 1
MAX_CLASS_VALUE = 254
"""Label volumes are uint8: 0 is background and 255 unlabelled."""

CLASS_COLOURS: Mapping[str, str] = {
    "membrane": "#E69F00",
    "mitochondrion": "#56B4E9",
    "lipid droplet": "#F0E442",
    "bead": "#CC79A7",
}
"""Overlay colours of the classes that tomograms usually have, from the Okabe-Ito set."""

Normalisation = Literal["zscore", "robust"]
"""How a slice is normalised: by its mean and deviation, or by statistics blind to outliers."""

Scalar = str | int | float | bool | None

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ModelClass:
    """One foreground class: its value in a mask (1..254), its name, and its colour as ``#RRGGBB``."""

    value: int
    name: str
    colour: str

    def __post_init__(self) -> None:
        if not _is_int(self.value) or not 1 <= self.value <= MAX_CLASS_VALUE:
            raise ModelError(
                f"A class value is {self.value!r}; use a whole number from 1 to {MAX_CLASS_VALUE}."
            )
        if not isinstance(self.name, str) or not self.name.strip():
            raise ModelError(f"The name of class {self.value} is {self.name!r}; give it a name in words.")
        if not isinstance(self.colour, str) or not _COLOUR.fullmatch(self.colour):
            raise ModelError(
                f"The colour of class {self.name!r} is {self.colour!r}; write it as '#RRGGBB', "
                "for example '#E69F00'."
            )


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is known of a model version besides its weights.

    Parameters
    ----------
    name, version : str
        Lower-case letters, digits, ``.``, ``-`` and ``_``; also the names of its two folders.
    network : NetworkConfig
        The network's sizes.
    classes : tuple of ModelClass
        One for each foreground channel, in the order of the channels.
    created : str
        Date as YYYY-MM-DD.
    pixel_size_nm : float or None
        Pixel size of the training data in nm; None where it is not known, then nothing is rescaled to it.
    absorbing_is : {"dark", "bright"}
        Grey value of absorbing structures in the training data.
    normalisation : {"zscore", "robust"}
        How slices are normalised before the network sees them.
    threshold : float
        Probability above which a pixel is foreground by default, between 0 and 1.
    training : mapping of str to scalar
        How it was trained: data, seed, steps, hardware and whatever else helps to do it again.
    metrics : mapping of str to float
        On data it was not trained on; ``dice`` is the one that lists show.
    description : str
        A sentence or two on what it is for.
    limits : tuple of str
        One sentence for each thing it is known not to do well.
    licence, source : str
        Licence of the weights, and where they come from.
    parent : str or None
        ``name:version`` of the version whose weights the training started from.
    weights_sha256 : str
        SHA-256 of ``weights.safetensors``; empty until the version is saved.
    familiarity : Familiarity or None
        What its training data look like; None where it was not measured, then no tomogram is called unlike them.
    """

    name: str
    version: str
    network: NetworkConfig
    classes: tuple[ModelClass, ...]
    created: str
    pixel_size_nm: float | None = None
    absorbing_is: Absorbing = "dark"
    normalisation: Normalisation = "zscore"
    threshold: float = 0.5
    training: Mapping[str, Scalar] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    description: str = ""
    limits: tuple[str, ...] = ()
    licence: str = "unknown"
    source: str = "unknown"
    parent: str | None = None
    weights_sha256: str = ""
    familiarity: Familiarity | None = None

    def __post_init__(self) -> None:
        for what in ("name", "version", "created", "description", "licence", "source", "weights_sha256"):
            _check_text(what, getattr(self, what))
        check_name(self.name, what="model name")
        check_name(self.version, what="model version")
        self._check_classes()
        self._check_input()
        self._check_records()
        object.__setattr__(self, "training", dict(self.training))
        object.__setattr__(self, "metrics", dict(self.metrics))

    @property
    def spec(self) -> str:
        return f"{self.name}:{self.version}"

    def to_json(self) -> dict[str, Any]:
        """Return the contents of ``config.json`` as JSON-able values."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values["network"] = self.network.to_json()
        values["classes"] = [dataclasses.asdict(each) for each in self.classes]
        values["limits"] = list(self.limits)
        if self.familiarity is None:
            del values["familiarity"]
        else:
            values["familiarity"] = self.familiarity.to_json()
        return {"schema_version": SCHEMA_VERSION, **values}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ModelConfig":
        """Make a configuration from the contents of ``config.json``.

        Raises
        ------
        ModelError
            For a newer schema, a field that is missing, unknown or out of its range.
        """
        if not isinstance(values, Mapping):
            raise ModelError(
                f"A model configuration is a JSON object, but this is a {type(values).__name__}."
            )
        _check_schema(values.get("schema_version"))
        given = {key: value for key, value in values.items() if key != "schema_version"}
        _check_keys(given, cls, what="model configuration")
        given["network"] = NetworkConfig.from_json(_mapping("network", given["network"]))
        given["classes"] = tuple(_class_from_json(each) for each in _list("classes", given["classes"]))
        given["limits"] = tuple(_list("limits", given.get("limits", [])))
        if given.get("familiarity") is not None:
            given["familiarity"] = Familiarity.from_json(_mapping("familiarity", given["familiarity"]))
        return cls(**given)

    def _check_classes(self) -> None:
        if not isinstance(self.network, NetworkConfig):
            raise ModelError(f"The network of {self.name!r} is {self.network!r}; give a NetworkConfig.")
        values = [each.value for each in self.classes]
        if len(set(values)) != len(values):
            raise ModelError(f"The class values {values} repeat themselves; give every class its own value.")
        if len(values) != self.network.n_classes:
            raise ModelError(
                f"The network has {self.network.n_classes} foreground channels but {len(values)} classes "
                "are named; name one class for each channel."
            )

    def _check_input(self) -> None:
        if self.pixel_size_nm is not None and not (_is_finite(self.pixel_size_nm) and self.pixel_size_nm > 0):
            raise ModelError(
                f"The pixel size {self.pixel_size_nm!r} is not usable; give a positive number in nm, or null."
            )
        if not (_is_finite(self.threshold) and 0 < self.threshold < 1):
            raise ModelError(f"The threshold is {self.threshold!r}; give a probability between 0 and 1.")
        for what, allowed in (("absorbing_is", Absorbing), ("normalisation", Normalisation)):
            if getattr(self, what) not in get_args(allowed):
                raise ModelError(
                    f"{what} is {getattr(self, what)!r}; use one of {', '.join(get_args(allowed))}."
                )

    def _check_records(self) -> None:
        for key, value in _mapping("training", self.training).items():
            if not isinstance(value, str | int | float | None) or (
                isinstance(value, float) and not _is_finite(value)
            ):
                raise ModelError(
                    f"training[{key!r}] is {value!r}; use text, a finite number, true, false or null."
                )
        for key, value in _mapping("metrics", self.metrics).items():
            if not _is_finite(value):
                raise ModelError(f"metrics[{key!r}] is {value!r}; use a finite number.")
        for sentence in self.limits:
            _check_text("limits", sentence)
        if self.parent is not None:
            _check_text("parent", self.parent)
            parse_spec(self.parent)
        if self.weights_sha256 and not _SHA256.fullmatch(self.weights_sha256):
            raise ModelError(f"weights_sha256 is {self.weights_sha256!r}; it is 64 hexadecimal digits.")
        _check_date(self.created)


def read_config(path: Path) -> ModelConfig:
    """Read and check a ``config.json``.

    Raises
    ------
    ModelError
        Where it cannot be read, is not JSON, or describes no model version; the message names the file.
    """
    try:
        return ModelConfig.from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}); install the model version again."
        ) from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error}); install the model version again.") from error
    except SxtError as error:
        raise ModelError(f"{path}: {error}") from error


def _class_from_json(values: Any) -> ModelClass:
    given = dict(_mapping("classes", values))
    _check_keys(given, ModelClass, what="class")
    return ModelClass(**given)


def _check_schema(schema_version: Any) -> None:
    if not _is_int(schema_version) or schema_version < 1:
        raise ModelError(
            f"schema_version is {schema_version!r}; a model configuration states it as a whole number."
        )
    if schema_version > SCHEMA_VERSION:
        raise ModelError(
            f"The model configuration has schema version {schema_version}, but this program knows up to "
            f"{SCHEMA_VERSION}; use a newer version of the program."
        )


def _check_keys(given: Mapping[str, Any], kind: type, *, what: str) -> None:
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise ModelError(
            f"The {what} has unknown fields: {', '.join(unknown)}; the known ones are {', '.join(fields)}."
        )
    no_default = dataclasses.MISSING
    required = [
        key for key, f in fields.items() if f.default is no_default and f.default_factory is no_default
    ]
    missing = [key for key in required if key not in given]
    if missing:
        raise ModelError(f"The {what} lacks {', '.join(missing)}; add what is missing.")


def _check_text(what: str, value: Any) -> None:
    if not isinstance(value, str):
        raise ModelError(f"{what} is {value!r}; it is a text.")


def _check_date(text: str) -> None:
    try:
        datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ModelError(f"The date {text!r} is not usable; write it as YYYY-MM-DD.") from error


def _mapping(what: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ModelError(f"{what} is {value!r}; it is an object with names and values.")
    return value


def _list(what: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ModelError(f"{what} is {value!r}; it is a list.")
    return value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
