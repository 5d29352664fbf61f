"""Linear absorption coefficients at 510 eV, and the classes a simulated cell is labelled with.

Notes
-----
Pure substances (water, ice, protein, lipid, nucleic acid, gold, glass, carbon) are computed from
tabulated X-ray cross sections at 510 eV, between the K edges of carbon and oxygen. The ranges of whole
organelles cover what was measured in yeast (SimAQ, arXiv 2508.10821: cell 0.346, vacuole 0.182, lipid
droplet 0.570 1/µm) and assumed for macrophages (NCXT: cell 0.20, endoplasmic reticulum 0.29, mitochondria
0.33 1/µm).
"""

from dataclasses import dataclass
from types import MappingProxyType

WATER_PER_UM = 0.123
ICE_PER_UM = 0.114
PROTEIN_PER_UM = 1.36
LIPID_PER_UM = 0.92
NUCLEIC_ACID_PER_UM = 1.56
GOLD_PER_UM = 18.8
GLASS_PER_UM = 0.99
CARBON_PER_UM = 2.6

CYTOSOL_RANGE_PER_UM = (0.18, 0.26)
NUCLEUS_RANGE_PER_UM = (0.18, 0.30)
MITOCHONDRION_RANGE_PER_UM = (0.32, 0.50)
LIPID_DROPLET_RANGE_PER_UM = (0.50, 0.90)
VACUOLE_RANGE_PER_UM = (0.12, 0.20)
MEMBRANE_RANGE_PER_UM = (0.80, 1.20)
"""A bilayer with its proteins lies between lipid and protein."""


@dataclass(frozen=True)
class LabelClass:
    """A class of the label volume: its value, its name, and the colour it is drawn in (``#RRGGBB``)."""

    value: int
    name: str
    colour: str


BACKGROUND = 0
MEMBRANE = 1
MITOCHONDRION = 2
LIPID_DROPLET = 3
GOLD_BEAD = 4

LABEL_CLASSES = (
    LabelClass(MEMBRANE, "membrane", "#E69F00"),
    LabelClass(MITOCHONDRION, "mitochondrion", "#56B4E9"),
    LabelClass(LIPID_DROPLET, "lipid droplet", "#F0E442"),
    LabelClass(GOLD_BEAD, "gold bead", "#CC79A7"),
)
"""Colours of the Okabe-Ito set, told apart with red-green blindness."""

LABEL_NAMES = MappingProxyType({c.value: c.name for c in LABEL_CLASSES})
