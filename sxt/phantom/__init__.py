"""Simulated cells: organelles with known labels, imaged and reconstructed as a microscope does."""

from sxt.phantom.absorption import LABEL_CLASSES, LabelClass
from sxt.phantom.cell import SimulatedCell, simulate_cell
from sxt.phantom.randomise import draw_settings
from sxt.phantom.settings import (
    AcquisitionSettings,
    PhantomSettings,
    ReconstructionSettings,
    SpecimenSettings,
)
from sxt.phantom.specimen import Specimen, build_specimen

__all__ = [
    "LABEL_CLASSES",
    "AcquisitionSettings",
    "LabelClass",
    "PhantomSettings",
    "ReconstructionSettings",
    "SimulatedCell",
    "Specimen",
    "SpecimenSettings",
    "build_specimen",
    "draw_settings",
    "simulate_cell",
]
