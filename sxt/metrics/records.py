"""Results as JSON and back: dataclasses with arrays, in which what is not a number becomes null."""

import dataclasses
import math
import types
import typing
from typing import Any, TypeVar

import numpy as np

from sxt.errors import InputError

T = TypeVar("T")


def to_record(value: Any) -> Any:
    """Return a result as JSON-able values.

    Parameters
    ----------
    value : dataclass, ndarray, number, text, None, or tuple, list or dict of these
        Arrays become nested lists; NaN and infinity become None, for JSON has neither.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_record(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        return to_record(value.tolist())
    if isinstance(value, dict):
        return {str(key): to_record(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [to_record(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def from_record(kind: type[T], record: Any) -> T:
    """Return the result of type ``kind`` that `to_record` made ``record`` of.

    Raises
    ------
    InputError
        Where the record does not describe one.
    """
    try:
        return typing.cast(T, _read(kind, record))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"The stored result cannot be read as {kind.__name__} ({error}); delete it and evaluate again."
        ) from error


def _read(kind: Any, record: Any) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(
            **{field.name: _read(hints[field.name], record[field.name]) for field in dataclasses.fields(kind)}
        )
    if kind is np.ndarray:
        return _read_array(record)
    if kind is float:
        return math.nan if record is None else float(record)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if record is None and type(None) in inner:
            return None
        return _read(next(each for each in inner if each is not type(None)), record)
    if origin is tuple:
        return _read_tuple(inner, record)
    if origin is dict:
        return {key: _read(inner[1], each) for key, each in record.items()}
    return record


def _read_tuple(inner: tuple[Any, ...], record: list[Any]) -> tuple[Any, ...]:
    kinds = [inner[0]] * len(record) if inner[-1] is Ellipsis else inner
    return tuple(_read(each_kind, each) for each_kind, each in zip(kinds, record, strict=True))


def _read_array(record: list[Any]) -> np.ndarray:
    """Whole numbers stay whole; null is NaN, and so are empty lists floating-point arrays."""
    array = np.array(record)
    return array.astype(np.float64) if array.dtype == object else array
