"""What the requirement files pin, and which modules those packages bring."""

import functools
import re
from collections.abc import Iterable
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

REPOSITORY = Path(__file__).resolve().parents[1]


def normalise(name: str) -> str:
    """The one spelling of a package's name: ``Fast_Simplification`` -> ``fast-simplification``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(file_name: str) -> dict[str, str]:
    """Package -> version of one requirement file, comments and references to other files left out."""
    lines = (line.split("#")[0].strip() for line in (REPOSITORY / file_name).read_text().splitlines())
    pins = (line.split("==") for line in lines if line and not line.startswith("-"))
    return {normalise(name): version for name, version in pins}


@functools.cache
def _distributions_by_module() -> dict[str, list[str]]:
    return {module: [normalise(each) for each in names] for module, names in packages_distributions().items()}


def import_names_of(package: str) -> list[str]:
    """The top-level modules that an installed package brings."""
    return [module for module, packages in _distributions_by_module().items() if package in packages]


def packages_of(module: str) -> list[str]:
    """The installed packages that bring a top-level module."""
    return _distributions_by_module().get(module, [])


def list_what_packages_bring(packages: Iterable[str]) -> set[str]:
    """The packages themselves and all that they require, extras left out.

    What torch requires is left out as well: it differs between its builds, and torch pins it itself.
    """
    found: set[str] = set()
    left = list(packages)
    while left:
        package = left.pop()
        if package not in found:
            found.add(package)
            left += _requirements_of(package) if package != "torch" else []
    return found


def _requirements_of(package: str) -> list[str]:
    wanted = (Requirement(text) for text in requires(package) or [])
    return [
        normalise(each.name) for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})
    ]
