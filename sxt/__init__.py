"""Segment cryo soft X-ray tomograms, reconstruct 3D surfaces and measure them."""

__version__ = "0.1.0"
