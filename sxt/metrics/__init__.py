"""Metrics of segmentations against labels, and the comparison of model versions.

Voxels, thresholds and calibration, surfaces, objects and centrelines, slab by slab; 255 in a label volume is never
counted.
"""
