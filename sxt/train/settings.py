"""Settings of a training, checked when made: augmentation, recipes, the hold-out, and the budget."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from sxt.errors import SettingsError

if TYPE_CHECKING:
    from sxt.network import NetworkConfig

HoldOutRule = Literal["auto", "marked", "tomogram", "block", "none"]
"""What is held out: what people marked, whole tomograms, a block of slices, nothing, or the first that is possible."""

RecipeName = Literal["semi", "supervised", "paper"]
Precision = Literal["auto", "fp32", "bf16"]
OptimiserName = Literal["muon", "adamw"]

SCRATCH_LEARNING_RATE: Mapping[OptimiserName, float] = {"muon": 1e-2, "adamw": 2e-3}
FINE_TUNING_LEARNING_RATE: Mapping[OptimiserName, float] = {"muon": 2e-3, "adamw": 5e-4}


@dataclass(frozen=True)
class AugmentationSettings:
    """How crops are varied; lengths in pixels of the network's grid, grey values in deviations of the slice.

    Parameters
    ----------
    rotation_deg : float
        Largest angle to both sides, beside the flips and quarter turns that are always made.
    scale_range : tuple of float
        Smallest and largest magnification.
    elastic_px : float
        Deviation of the smooth random displacement; 0 makes none.
    contrast, brightness : float
        Deviation of the logarithm of the contrast, and of the brightness.
    noise : float
        Largest deviation of the added noise.
    blur_share, invert_share : float
        Share of crops that are blurred, and whose contrast is inverted (0 unless asked for).
    bead_share, streak_share, smear_share, gain_share : float
        Share of crops with gold beads, with streaks, smeared like the missing wedge does, and with a drifting gain.
    bead_channel : int or None
        Number of the class, from 0, that pixels under such a bead have; None makes them unknown.
    clip_share : float
        Share of crops whose darkest and brightest grey values are clipped, as an export to 8 bits does.
    cut_out_share : float
        Share of crops with a rectangle blanked.
    """

    rotation_deg: float = 15.0
    scale_range: tuple[float, float] = (0.8, 1.25)
    elastic_px: float = 2.0
    contrast: float = 0.2
    brightness: float = 0.2
    noise: float = 0.5
    blur_share: float = 0.3
    invert_share: float = 0.0
    bead_share: float = 0.15
    streak_share: float = 0.15
    smear_share: float = 0.15
    gain_share: float = 0.5
    clip_share: float = 0.0
    cut_out_share: float = 0.0
    bead_channel: int | None = None

    def __post_init__(self) -> None:
        low, high = self.scale_range
        if not 0.25 <= low <= high <= 4:
            raise SettingsError(f"The scales are {self.scale_range}; give two from 0.25 to 4, smaller first.")
        if not 0 <= self.rotation_deg <= 45:
            raise SettingsError(f"The rotation is {self.rotation_deg} degrees; use 0 to 45.")
        for name in ("elastic_px", "contrast", "brightness", "noise"):
            if not 0 <= getattr(self, name) <= 100:
                raise SettingsError(f"{name} is {getattr(self, name)}; use 0 or more.")
        if self.bead_channel is not None and self.bead_channel < 0:
            raise SettingsError(f"bead_channel is {self.bead_channel}; use the number of a class, from 0.")
        for name, value in asdict(self).items():
            if name.endswith("_share") and not 0 <= value <= 1:
                raise SettingsError(f"{name} is {value}; use a share from 0 to 1.")

    @classmethod
    def turns_alone(cls) -> "AugmentationSettings":
        """Return flips and quarter turns and nothing else, as Dyhr et al. 2023."""
        return cls(
            rotation_deg=0.0,
            scale_range=(1.0, 1.0),
            elastic_px=0.0,
            contrast=0.0,
            brightness=0.0,
            noise=0.0,
            blur_share=0.0,
            bead_share=0.0,
            streak_share=0.0,
            smear_share=0.0,
            gain_share=0.0,
        )


@dataclass(frozen=True)
class SupervisedRecipe:
    """Labels alone: cross-entropy and soft Dice, Muon or AdamW, warm-up and cosine, averaged weights.

    Parameters
    ----------
    learning_rate : float or None
        At its peak; None takes `SCRATCH_LEARNING_RATE` or, from a version, `FINE_TUNING_LEARNING_RATE`.
    batch_crops : int
        Crops of a step, over all processes.
    crop_px : int
        Their side; lowered where the slices are smaller.
    optimiser : {"muon", "adamw"} or None
        None takes Muon from fresh weights, where it needs about half of the steps, and AdamW from a version.
    weight_decay, max_gradient_norm : float
    warm_up_share : float
        Share of the steps in which the learning rate rises.
    final_rate_share : float
        Of the peak, that the learning rate falls to along half a cosine; 1 keeps it.
    average_decay : float
        Of the exponential moving average of the weights, which is what is validated and saved; 0 averages nothing.
    batch_norm_momentum : float
        While training. The published 0.01 leaves the moving statistics far behind in a short run.
    structure_share : float
        Share of the labelled crops that are centred near a labelled structure.
    augmentation : AugmentationSettings
    """

    name: ClassVar[RecipeName] = "supervised"
    learning_rate: float | None = None
    batch_crops: int = 4
    crop_px: int = 256
    optimiser: OptimiserName | None = None
    weight_decay: float = 1e-4
    max_gradient_norm: float = 1.0
    warm_up_share: float = 0.05
    final_rate_share: float = 0.01
    average_decay: float = 0.99
    batch_norm_momentum: float = 0.1
    structure_share: float = 0.75
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)

    def __post_init__(self) -> None:
        if self.learning_rate is not None and not 0 < self.learning_rate <= 1:
            raise SettingsError(f"The learning rate is {self.learning_rate}; use more than 0, up to 1.")
        if self.batch_crops < 1 or self.crop_px < 16:
            raise SettingsError(
                f"A step of {self.batch_crops} crops of {self.crop_px} px is not possible; use 1 crop of 16 px or more."
            )
        if self.optimiser is not None and self.optimiser not in get_args(OptimiserName):
            raise SettingsError(
                f"The optimiser is {self.optimiser!r}; choose one of {', '.join(get_args(OptimiserName))}."
            )
        shares = (
            "warm_up_share",
            "final_rate_share",
            "structure_share",
            "average_decay",
            "batch_norm_momentum",
        )
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name} is {getattr(self, name)}; use 0 to 1.")


@dataclass(frozen=True)
class SemiRecipe(SupervisedRecipe):
    """Labels, redrawing of unlabelled crops, a mean teacher, then rounds of pseudo-labels.

    Parameters
    ----------
    unlabelled_crops : int
        Unlabelled crops for each labelled one.
    image_weight, image_every : float, int
        Weight of the image decoder's loss on unlabelled crops, and in every how many steps it is computed. In fewer
        than every step, the decoder hardly learns: the labels move the neck under it in between.
    consistency_weight : float
        Of the loss between the student on a strongly varied crop and the teacher on the crop as it is; with 0 there
        is no teacher, and unlabelled crops are redrawn alone.
    ramp_share : float
        Share of the first stretch in which the consistency's weight rises from 0.
    sure_foreground, sure_background : float
        A pixel becomes a pseudo-label where its probability is at least the first, or at most the second.
    n_rounds : int
        Rounds of pseudo-labels at most; none without a hold-out, which alone can tell whether a round helps.
    round_share : float
        Share of the steps that a round takes.
    pseudo_weight : float
        Of a pseudo-labelled crop's loss, where a human-labelled one has 1.

    Notes
    -----
    Mean teacher: Tarvainen & Valpola 2017 (arXiv 1703.01780); a sure teacher on strongly varied crops: FixMatch, Sohn
    et al. 2020 (arXiv 2001.07685). Departure: its probability is the target, and counts by its `confidence` instead
    of above a limit, below which faint membranes would never pull. Redrawing unlabelled slices with a decoder of its
    own: Dyhr et al. 2023.
    """

    name: ClassVar[RecipeName] = "semi"
    unlabelled_crops: int = 1
    image_weight: float = 0.1
    image_every: int = 1
    consistency_weight: float = 1.0
    ramp_share: float = 0.8
    sure_foreground: float = 0.8
    sure_background: float = 0.1
    n_rounds: int = 2
    round_share: float = 0.1
    pseudo_weight: float = 0.5
    strong: AugmentationSettings = field(
        default_factory=lambda: AugmentationSettings(
            contrast=0.3, brightness=0.3, noise=0.8, blur_share=0.5, cut_out_share=0.5
        )
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.sure_background < self.sure_foreground <= 1:
            raise SettingsError(
                f"Sure background is below {self.sure_background} and sure foreground above {self.sure_foreground}; "
                "give the smaller first, both from 0 to 1."
            )
        if self.n_rounds < 0 or self.n_rounds * self.round_share >= 1:
            raise SettingsError(
                f"{self.n_rounds} rounds of {self.round_share:.0%} leave no step before them; use fewer."
            )
        if self.unlabelled_crops < 1 or self.image_every < 1:
            raise SettingsError("unlabelled_crops and image_every are whole numbers from 1.")


@dataclass(frozen=True)
class PaperRecipe(SupervisedRecipe):
    """The published training: an epoch of labels, then one of images, and so on.

    Parameters
    ----------
    image_share : float
        Of the image decoder's Huber loss in a step on labels, 0.01; the label has the rest.
    huber_delta : float
    ssim_weight : float
        Of 1 - SSIM in a step on images; Huber has the rest.

    Notes
    -----
    Dyhr et al. 2023 (doi 10.1073/pnas.2209938120): Adam 5e-5, batch 1, crops of 256 px, translation, quarter turns
    and mirror images; labels in [-1, 1]. An epoch of labels takes one crop of each labelled slice, an epoch of images
    one of each unlabelled slice. Departures: gradients are clipped, and with a budget in minutes or steps the number
    of epochs is what fits. The data range of SSIM, which is not stated, is that of the crop.
    """

    name: ClassVar[RecipeName] = "paper"
    learning_rate: float | None = 5e-5
    batch_crops: int = 1
    optimiser: OptimiserName | None = "adamw"
    weight_decay: float = 0.0
    warm_up_share: float = 0.0
    final_rate_share: float = 1.0
    average_decay: float = 0.0
    batch_norm_momentum: float = 0.01
    structure_share: float = 0.0
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings.turns_alone)
    image_share: float = 0.01
    huber_delta: float = 0.1
    ssim_weight: float = 0.5


Recipe = SupervisedRecipe
RECIPES: dict[RecipeName, type[SupervisedRecipe]] = {
    "semi": SemiRecipe,
    "supervised": SupervisedRecipe,
    "paper": PaperRecipe,
}


@dataclass(frozen=True)
class SplitSettings:
    """What is held out to measure on.

    Parameters
    ----------
    rule : {"auto", "marked", "tomogram", "block", "none"}
        ``auto`` takes what people marked; else one tomogram of five where at least three have labels; else a block of
        slices; else nothing.
    share : float
        Of the labelled tomograms or slices, rounded up.
    gap_slices : int
        Slices on both sides of a block that nothing is trained on: neighbours show the same structures, and the
        missing wedge draws them out along z.
    """

    rule: HoldOutRule = "auto"
    share: float = 0.2
    gap_slices: int = 8

    def __post_init__(self) -> None:
        if self.rule not in get_args(HoldOutRule):
            raise SettingsError(
                f"The hold-out is {self.rule!r}; choose one of {', '.join(get_args(HoldOutRule))}."
            )
        if not 0 < self.share < 1 or self.gap_slices < 0:
            raise SettingsError(
                f"A hold-out of {self.share:g} with a gap of {self.gap_slices} slices is not possible; use a share "
                "between 0 and 1 and a gap of 0 or more."
            )


@dataclass(frozen=True)
class TrainingSettings:
    """Everything a user can choose about a training besides its data.

    Parameters
    ----------
    recipe : SupervisedRecipe
        Or one of its kinds, `SemiRecipe` and `PaperRecipe`.
    steps, minutes : int or None, float or None
        The budget, one of them. Minutes are those of all: reading the slices, steps, looks at the hold-out, making
        pseudo-labels, and measuring at the end, whose time is estimated; steps get a quarter of them at least.
    seed : int
    split : SplitSettings
    network : NetworkConfig or None
        Sizes where no version is started from, None for those of the shipped model; its number of classes is that of
        the labels.
    pixel_size_nm : float or None
        Of the network's grid where no version is started from; None takes the median of the labelled tomograms.
    precision : {"auto", "fp32", "bf16"}
        ``auto`` takes bf16 where the device multiplies it in hardware.
    crops_at_a_time : int or None
        Crops that go through the network together; gradients of the rest of a step are added up. None takes a
        process's share of a step. Halved when the GPU's memory runs out.
    n_validations, patience : int
        Looks at the hold-out over the whole budget, and how many without a gain end it early.
    validation_slices : int
        Hold-out slices looked at while training; all of them count at the end.
    unlabelled_slices : int
        Slices of each tomogram, evenly spaced, that unlabelled crops are cut from.
    checkpoint_every_s : float
    """

    recipe: SupervisedRecipe = field(default_factory=SemiRecipe)
    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    split: SplitSettings = field(default_factory=SplitSettings)
    network: "NetworkConfig | None" = None
    pixel_size_nm: float | None = None
    precision: Precision = "auto"
    crops_at_a_time: int | None = None
    n_validations: int = 20
    patience: int = 8
    validation_slices: int = 8
    unlabelled_slices: int = 48
    checkpoint_every_s: float = 120.0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise SettingsError("The budget is either steps or minutes; give one of them.")
        if self.steps is not None and self.steps < 1:
            raise SettingsError(f"The budget is {self.steps} steps; use 1 or more.")
        if self.minutes is not None and not 0 < self.minutes <= 60 * 24 * 30:
            raise SettingsError(f"The budget is {self.minutes:g} minutes; use more than 0, up to 30 days.")
        if self.pixel_size_nm is not None and not self.pixel_size_nm > 0:
            raise SettingsError(f"The pixel size is {self.pixel_size_nm:g} nm; use more than 0.")
        if self.precision not in get_args(Precision):
            raise SettingsError(f"precision is {self.precision!r}; choose one of {get_args(Precision)}.")
        if self.seed < 0:
            raise SettingsError(f"The seed is {self.seed}; use a whole number from 0.")
        for name in ("n_validations", "patience", "validation_slices", "unlabelled_slices"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}; use 1 or more.")
        if self.crops_at_a_time is not None and self.crops_at_a_time < 1:
            raise SettingsError(f"crops_at_a_time is {self.crops_at_a_time}; use 1 or more.")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON-able values, the recipe's name among its own."""
        values = asdict(self)
        values["recipe"]["name"] = self.recipe.name
        return values
