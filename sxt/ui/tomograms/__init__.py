"""Tomograms as pages show them: facts, doubts, and the controls that settle these."""

from sxt.ui.tomograms.facts import draw_doubts, draw_facts
from sxt.ui.tomograms.settle import absorbing_control, voxel_size_control, voxel_size_fields

__all__ = ["absorbing_control", "draw_doubts", "draw_facts", "voxel_size_control", "voxel_size_fields"]
