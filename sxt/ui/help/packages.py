"""The packages this program stands on: their versions and licences, as they are installed."""

from dataclasses import dataclass
from importlib import metadata

MAIN_PACKAGES = (
    "torch",
    "numpy",
    "scipy",
    "scikit-image",
    "connected-components-3d",
    "fast-simplification",
    "vtk",
    "pyvista",
    "trame",
    "stpyvista",
    "streamlit",
    "plotly",
    "pandas",
    "distributed",
    "pydantic",
    "zarr",
    "h5py",
    "tifffile",
    "mrcfile",
    "safetensors",
)
CLASSIFIER = "License :: OSI Approved :: "
LONGEST = 120


@dataclass(frozen=True)
class Package:
    """An installed package; its licence as it states it."""

    name: str
    version: str
    licence: str


def list_packages() -> list[Package]:
    """Return the main packages that are installed."""
    found = []
    for name in MAIN_PACKAGES:
        try:
            described = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(Package(name, described["Version"], _licence(described)))
    return found


def _licence(described: metadata.PackageMetadata) -> str:
    """Return the licence expression, else the classifiers, else the licence field where it is a name and no text."""
    if "License-Expression" in described:
        return described["License-Expression"]
    classifiers = described.get_all("Classifier") or []
    approved = [each.removeprefix(CLASSIFIER) for each in classifiers if each.startswith(CLASSIFIER)]
    if approved:
        return ", ".join(approved)
    text = " ".join(" ".join(described.get_all("License") or []).split())
    return text if 0 < len(text) <= LONGEST else "see the package"
