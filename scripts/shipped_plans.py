"""What was chosen about the training of the versions that ship: networks, phases, cells and conditions."""

import dataclasses
from collections.abc import Mapping

import held_out
from simulated_cells import CellKind, CellPlan

from sxt.network import NetworkConfig
from sxt.phantom import LABEL_CLASSES
from sxt.train import AugmentationSettings, SupervisedRecipe


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of the training with classes, data and a learning rate schedule of its own.

    Every cell is drawn from as often as the others, so the numbers of cells say how often each kind is seen.

    Parameters
    ----------
    classes : tuple of str
        Of `sxt.phantom.LABEL_CLASSES`; the others are background.
    n_steps : int
    learning_rate : float
        At its peak; it rises over the first twentieth and falls along half a cosine to a hundredth.
    seeds : mapping of str to range
        Of the cells of each kind; see `CellPlan`.
    clip_share : float
        Of the crops, whose grey values are clipped beyond what the cells' own output clips.
    labelled_bead_share : float or None
        Of the crops, that get further gold beads, labelled so; None leaves it to the recipe, which labels none.
    crop_px, batch_crops : int
        Side and number of the crops of a step.
    """

    classes: tuple[str, ...]
    n_steps: int
    learning_rate: float
    seeds: Mapping[CellKind, range]
    clip_share: float = 0.0
    labelled_bead_share: float | None = None
    crop_px: int = 192
    batch_crops: int = 4

    @property
    def plans(self) -> list[CellPlan]:
        return [CellPlan(seed, kind) for kind, seeds in self.seeds.items() for seed in seeds]


ALL_CLASSES = tuple(each.name for each in LABEL_CLASSES)
CELLS: Mapping[CellKind, range] = {"drawn": range(3_000, 3_160), "standard": range(2_000, 2_096)}
CELLS_AND_WIDE: Mapping[CellKind, range] = {**CELLS, "large": range(6_000, 6_064)}
CELLS_AND_LARGE: Mapping[CellKind, range] = {**CELLS_AND_WIDE, "large with beads": range(7_000, 7_064)}
TWICE_THE_CELLS: Mapping[CellKind, range] = {
    **CELLS_AND_LARGE,
    "drawn": range(3_000, 3_320),
    "standard": range(2_000, 2_192),
}
DESCRIBED_KINDS: tuple[CellKind, ...] = ("drawn", "standard")
DESCRIBED_EVERY = 2
"""Every so many cells of these kinds say what the training data look like; with the cells with many beads among them,
photographs would look familiar."""

NETWORK = NetworkConfig(
    in_channels=3,
    stem_width=16,
    stage_widths=(16, 32, 48, 96, 128),
    neck_width=224,
    head_width=32,
    n_label_blocks=1,
)


@dataclasses.dataclass(frozen=True)
class VersionPlan:
    """How a version is made.

    Parameters
    ----------
    network : NetworkConfig
    phases : tuple of Phase
        One after the other, each from the weights of the one before.
    after : str or None
        Name of the version whose phases come first; they are trained once for both.
    threshold : float
    description : str
    bead_limit : str
        What the card says of gold beads.
    """

    network: NetworkConfig
    phases: tuple[Phase, ...]
    threshold: float
    description: str
    bead_limit: str
    after: str | None = None


@dataclasses.dataclass(frozen=True)
class ShippedSettings:
    """Everything chosen about the training of the shipped versions."""

    versions: Mapping[str, VersionPlan] = dataclasses.field(default_factory=lambda: VERSIONS)
    pixel_size_nm: float = 20.0
    recipe: SupervisedRecipe = dataclasses.field(
        default_factory=lambda: SupervisedRecipe(
            optimiser="muon",
            average_decay=0.998,
            augmentation=AugmentationSettings(noise=0.3, bead_share=0.05, smear_share=0.05),
        )
    )
    conditions: tuple[held_out.Condition, ...] = dataclasses.field(
        default_factory=lambda: tuple(held_out.list_conditions())
    )
    seed: int = 0


VERSIONS = {
    "membrane": VersionPlan(
        network=NETWORK,
        phases=(
            Phase(("membrane",), 9_500, 3e-3, CELLS_AND_LARGE, clip_share=0.3),
            Phase(("membrane",), 3_200, 2e-3, CELLS_AND_LARGE, clip_share=0.3, crop_px=256, batch_crops=3),
        ),
        threshold=0.45,
        description="Outlines of membrane-bound organelles and the nuclear envelope, about 60 nm wide.",
        bead_limit="A dense bead may leave a rim.",
    ),
    "organelles": VersionPlan(
        network=NETWORK,
        after="membrane",
        phases=(
            Phase(ALL_CLASSES, 3_000, 2e-3, CELLS_AND_WIDE, clip_share=0.3),
            Phase(ALL_CLASSES, 6_000, 3e-3, TWICE_THE_CELLS, clip_share=0.3, labelled_bead_share=0.25),
            Phase(ALL_CLASSES, 4_000, 2e-3, TWICE_THE_CELLS, clip_share=0.3, labelled_bead_share=0.3),
        ),
        threshold=0.5,
        description="Membranes, mitochondria, lipid droplets and gold beads, each as a class of its own.",
        bead_limit="Gold beads may be called lipid droplets: of seven on a real tomogram, four were, and two found.",
    ),
}

SETTINGS = ShippedSettings()

KINDS: Mapping[CellKind, str] = {
    "standard": "at the standard settings",
    "drawn": "with all settings drawn",
    "large": "nearly twice as wide, all settings drawn",
    "large with beads": "nearly twice as wide, with many beads",
}


def list_phases(name: str, settings: ShippedSettings) -> tuple[Phase, ...]:
    """Return a version's phases, with those of the version that it comes after."""
    plan = settings.versions[name]
    return (*(list_phases(plan.after, settings) if plan.after else ()), *plan.phases)


def describe_phase(phase: Phase) -> str:
    """Return a phase's classes, steps, crops, learning rate and cells in words."""
    clipped = f", {phase.clip_share:.0%} of the crops clipped" if phase.clip_share else ""
    beads = f", {phase.labelled_bead_share:.0%} with beads added" if phase.labelled_bead_share else ""
    return (
        f"{', '.join(phase.classes)}: {phase.n_steps} steps of {phase.batch_crops} crops of {phase.crop_px} px, "
        f"learning rate {phase.learning_rate:g}{clipped}{beads}; cells: "
        + "; ".join(f"{len(seeds)} {KINDS[kind]}, {name_seeds(seeds)}" for kind, seeds in phase.seeds.items())
    )


def name_seeds(seeds: range) -> str:
    return f"seeds {seeds.start} to {seeds.stop - 1}"
