"""What a simulated cell contains and how it is imaged: settings, checked when made."""

from dataclasses import dataclass, field, fields
from typing import Literal, get_args

import numpy as np

from sxt.errors import SettingsError
from sxt.phantom import absorption
from sxt.tomogram import Absorbing, VoxelSize, check_voxel_size

Range = tuple[float, float]
"""Lowest and highest value of a uniform draw."""

FilterName = Literal["ramp", "cosine", "hann", "sirt"]
OutputType = Literal["uint8", "uint16", "float32"]

SMALLEST_AXIS_PX = 4


@dataclass(frozen=True)
class SpecimenSettings:
    """What the cell is made of; lengths in nm, absorption in 1/µm, densities in objects per µm³.

    A density above 0 places at least one object where it fits; 0 none. Absorption and membrane thickness are
    drawn once a structure from their ranges.
    """

    mitochondria_per_um3: float = 0.8
    mitochondrion_radius_nm: Range = (120.0, 210.0)
    mitochondrion_length_nm: Range = (800.0, 5500.0)
    mitochondrion_per_um: Range = absorption.MITOCHONDRION_RANGE_PER_UM
    mitochondrion_rim: float = 0.5
    """Thickness of a mitochondrion's visible rim in units of a membrane; its matrix is nearly as dense."""
    branching: float = 0.25
    cristae: float = 0.0
    """Share of a mitochondrion's absorption by which its cristae vary it; 0 draws none."""
    cristae_spacing_nm: Range = (50.0, 110.0)
    vesicles_per_um3: float = 0.6
    vesicle_radius_nm: Range = (60.0, 220.0)
    vesicle_lumen_per_um: Range = (0.14, 0.55)
    vacuoles_per_um3: float = 0.05
    vacuole_radius_nm: Range = (250.0, 650.0)
    vacuole_per_um: Range = absorption.VACUOLE_RANGE_PER_UM
    multivesicular_per_um3: float = 0.04
    tubules_per_um3: float = 0.45
    tubule_radius_nm: Range = (28.0, 45.0)
    tubule_length_nm: Range = (800.0, 4500.0)
    sheets_per_um3: float = 0.08
    sheet_size_nm: Range = (350.0, 1100.0)
    golgi_per_um3: float = 0.02
    droplets_per_um3: float = 0.12
    droplet_radius_nm: Range = (100.0, 380.0)
    droplet_per_um: Range = absorption.LIPID_DROPLET_RANGE_PER_UM
    beads_per_um3: float = 0.08
    bead_radius_nm: Range = (100.0, 125.0)
    bead_per_um: Range = (1.0, 2.5)
    """Below that of gold: constrained reconstructions compress what absorbs nearly everything."""
    filaments_per_um3: float = 0.0
    """Bundles of actin and the like: thin lines that no membrane bounds and nothing labels."""
    filament_radius_nm: Range = (5.0, 20.0)
    filament_length_nm: Range = (400.0, 3000.0)
    filament_per_um: Range = (0.35, 0.9)
    has_nucleus: bool = True
    nucleus_radius_nm: Range = (2200.0, 4500.0)
    nucleus_per_um: Range = absorption.NUCLEUS_RANGE_PER_UM
    has_cell_edge: bool = False
    filopodia: int = 0
    """Thin processes that leave the cell's edge into the ice, where there is an edge."""
    film_nm: float = 0.0
    """Thickness of the perforated carbon film that the cell lies on, below the volume that is kept; 0 puts none."""
    film_hole_radius_nm: Range = (500.0, 1000.0)
    has_grid_bar: bool = False
    """Whether the edge of a grid bar casts its shadow into the tilted views, from below the volume that is kept."""
    cytosol_per_um: Range = absorption.CYTOSOL_RANGE_PER_UM
    texture: float = 0.13
    """Relative deviation of the cytoplasm's coarse and fine texture."""
    membrane_per_um: Range = absorption.MEMBRANE_RANGE_PER_UM
    membrane_thickness_nm: Range = (8.0, 16.0)
    membrane_label_nm: float = 60.0
    """Width of the labelled outline within a slice: what annotators draw, wider than the membrane itself."""
    margin_nm: float = 320.0
    """Depth simulated above and below the volume that is kept; its structures cast shadows into it."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, tuple):
                _check_range(each.name, value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                _check_at_least(each.name, value, 0.0)
        if not 0 <= self.branching <= 1:
            raise SettingsError(f"branching is {self.branching}; give a share from 0 to 1.")
        if self.membrane_label_nm <= 0:
            raise SettingsError(f"membrane_label_nm is {self.membrane_label_nm}; give a width above 0 nm.")


@dataclass(frozen=True)
class AcquisitionSettings:
    """How the tilt series is taken; the tilt axis is y, so that artefacts lie along x and z.

    Parameters
    ----------
    tilt_range_deg : (float, float)
        First and last tilt.
    tilt_step_deg : float
        Angle between views.
    photons : float
        Photons a detector pixel receives without a specimen, a view; 0 stands for no noise.
    psf_sigma_nm : float
        Gaussian blur in focus. The Rayleigh resolution of a zone plate is about 2.8 times this.
    depth_of_field_um : float
        The blur is sqrt(2) times larger at half this distance from focus; 0 stands for no defocus.
    surrounding_um : float
        Thickness of further cell and ice above and below, which absorbs evenly and costs photons at high
        tilt.
    flicker : float
        Relative deviation of the beam's intensity from view to view.
    gain_drift : float
        Relative deviation of the flat field that is not corrected for, fixed on the detector.
    stray_light : float
        Evenly scattered light as a share of the beam; it limits the contrast of beads.
    jitter_px : float
        Deviation of the alignment of each view, in pixels.
    missing_views : tuple of int
        Numbers of views that were not taken or had to be left out, counted from the first tilt.
    """

    tilt_range_deg: Range = (-62.0, 62.0)
    tilt_step_deg: float = 1.0
    photons: float = 5000.0
    psf_sigma_nm: float = 24.0
    depth_of_field_um: float = 3.0
    surrounding_um: float = 2.0
    flicker: float = 0.01
    gain_drift: float = 0.002
    stray_light: float = 0.05
    jitter_px: float = 0.3
    missing_views: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        first, last = self.tilt_range_deg
        if not -90 <= first < last <= 90:
            raise SettingsError(
                f"The tilt range {self.tilt_range_deg} is not usable; give two rising tilts within -90 to 90."
            )
        if not 0 < self.tilt_step_deg <= last - first:
            raise SettingsError(
                f"The tilt step {self.tilt_step_deg}° is not usable; give one above 0 within the tilt range."
            )
        for each in fields(self):
            if each.name not in ("tilt_range_deg", "tilt_step_deg", "missing_views"):
                _check_at_least(each.name, getattr(self, each.name), 0.0)
        if not all(0 <= number < self.n_planned_views for number in self.missing_views):
            raise SettingsError(
                f"missing_views are {self.missing_views}; give numbers from 0 to {self.n_planned_views - 1}."
            )
        if len(self.tilts_deg) < 2:
            raise SettingsError("missing_views leave fewer than two views; leave out fewer.")

    @property
    def n_planned_views(self) -> int:
        """Views of the whole range, those left out among them."""
        first, last = self.tilt_range_deg
        return int(np.floor((last - first) / self.tilt_step_deg + 1e-6)) + 1

    @property
    def tilts_deg(self) -> np.ndarray:
        """Every tilt angle taken, first to last, shape (views,)."""
        planned = self.tilt_range_deg[0] + self.tilt_step_deg * np.arange(self.n_planned_views)
        return np.delete(planned, list(self.missing_views))


@dataclass(frozen=True)
class ReconstructionSettings:
    """How the volume is made from the views, and how it is written.

    Parameters
    ----------
    filter_name : {"ramp", "cosine", "hann", "sirt"}
        Window on the ramp of filtered back-projection; "sirt" is the filter whose result equals that of
        ``sirt_iterations`` iterations.
    cutoff : float
        The window ends at this share of the detector's Nyquist frequency, above 0 up to 1.
    smoothing_nm : float
        Deviation of a Gaussian applied to the result, as binning and denoising do.
    clip_percent : (float, float)
        Percentiles mapped to the ends of an integer type; (0, 100) is minimum to maximum.
    """

    filter_name: FilterName = "hann"
    cutoff: float = 1.0
    sirt_iterations: int = 20
    smoothing_nm: float = 18.0
    absorbing_is: Absorbing = "dark"
    dtype: OutputType = "uint8"
    clip_percent: Range = (0.5, 99.5)

    def __post_init__(self) -> None:
        _check_choice("filter_name", self.filter_name, get_args(FilterName))
        _check_choice("absorbing_is", self.absorbing_is, get_args(Absorbing))
        _check_choice("dtype", self.dtype, get_args(OutputType))
        if not 0 < self.cutoff <= 1:
            raise SettingsError(f"cutoff is {self.cutoff}; give a share of Nyquist above 0 and up to 1.")
        if self.sirt_iterations < 1:
            raise SettingsError(f"sirt_iterations is {self.sirt_iterations}; give 1 or more.")
        _check_at_least("smoothing_nm", self.smoothing_nm, 0.0)
        low, high = self.clip_percent
        if not 0 <= low < high <= 100:
            raise SettingsError(
                f"clip_percent is {self.clip_percent}; give two rising percentiles within 0 to 100."
            )


@dataclass(frozen=True)
class PhantomSettings:
    """A simulated tomogram: its grid, the cell in it, and how it is imaged.

    Parameters
    ----------
    shape : tuple of int
        (z, y, x) in voxels, each at least 4.
    voxel_size_nm : float or tuple of float
        One size for all axes or (z, y, x), in nm; kept as a tuple.
    """

    shape: tuple[int, int, int] = (48, 384, 384)
    voxel_size_nm: float | VoxelSize = 20.0
    specimen: SpecimenSettings = field(default_factory=SpecimenSettings)
    acquisition: AcquisitionSettings = field(default_factory=AcquisitionSettings)
    reconstruction: ReconstructionSettings = field(default_factory=ReconstructionSettings)

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or any(n < SMALLEST_AXIS_PX for n in self.shape):
            raise SettingsError(
                f"The shape {self.shape} is not usable; give (z, y, x), each at least {SMALLEST_AXIS_PX}."
            )
        size = self.voxel_size_nm
        voxel = (float(size),) * 3 if isinstance(size, int | float) else tuple(float(v) for v in size)
        check_voxel_size(voxel)  # type: ignore[arg-type]  # it checks the length
        object.__setattr__(self, "voxel_size_nm", voxel)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def voxel_zyx_nm(self) -> VoxelSize:
        """The voxel size as a tuple (z, y, x) in nm."""
        size = self.voxel_size_nm
        return (size, size, size) if isinstance(size, int | float) else size


def _check_range(name: str, value: Range) -> None:
    if len(value) != 2 or not all(np.isfinite(v) and v >= 0 for v in value) or value[0] > value[1]:
        raise SettingsError(f"{name} is {value}; give the lowest and the highest value, neither below 0.")


def _check_at_least(name: str, value: float, lowest: float) -> None:
    if not np.isfinite(value) or value < lowest:
        raise SettingsError(f"{name} is {value}; give a number of at least {lowest:g}.")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}; choose one of {', '.join(choices)}.")
