"""What the browser asks for with a stroke, checked, and the edit of a slice that it stands for."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.labels.tools import (
    Paint,
    Proposal,
    SuperpixelSettings,
    accept_proposal,
    clear_box,
    fill_lasso,
    fill_polygon,
    find_proposal,
    flood_fill,
    grow_to_edge,
    lasso_region,
    paint_stroke,
    paint_superpixels,
    paste,
    reject_proposal,
    stroke_region,
    threshold_region,
)

MAX_POINTS = 20_000
MAX_RADIUS_PX = 1000.0

Number = Annotated[float, Field(ge=-1e6, le=1e6)]
Radius = Annotated[float, Field(ge=0.0, le=MAX_RADIUS_PX)]
Grey = Annotated[float, Field(ge=-1e30, le=1e30)]
Point = tuple[Number, Number]
"""(row, column), with whole numbers in the middle of pixels."""

Points = Annotated[list[Point], Field(min_length=1, max_length=MAX_POINTS)]
Target = Literal["labels", "pseudo"]


@dataclass(frozen=True)
class SliceContext:
    """What an edit may need of the slice beside its labels; each is read only when asked for.

    Parameters
    ----------
    grey : callable
        Returns grey values (rows, columns).
    superpixels : callable
        From settings to ids (rows, columns).
    proposals : callable
        From a segmentation's id to its probability (c, rows, columns) and the class of each channel.
    labels : callable
        From the number of another slice of this plane to its labels.
    """

    grey: Callable[[], np.ndarray]
    superpixels: Callable[[SuperpixelSettings], np.ndarray]
    proposals: Callable[[str], tuple[np.ndarray, Sequence[int]]]
    labels: Callable[[int], np.ndarray]


class SliceEdit(BaseModel):
    """One edit as the browser describes it.

    Parameters
    ----------
    value : int
        What is painted: a class, 0 or 255.
    protects_others : bool
    active_class : int or None
        The class that the eraser may erase.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    tool: str
    value: Annotated[int, Field(ge=0, le=255)] = 255
    protects_others: bool = True
    active_class: Annotated[int, Field(ge=1, le=254)] | None = None

    @property
    def paint(self) -> Paint:
        return Paint(self.value, self.protects_others, self.active_class)

    @property
    def takes_from_model(self) -> bool:
        """Whether the labels come from something other than a person's drawing on this slice."""
        return False

    @abstractmethod
    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        """Return the slice (rows, columns) uint8 as it will be."""


class StrokeEdit(SliceEdit):
    """A stroke of the brush or the eraser; with a pen, a radius for each point."""

    tool: Literal["brush", "eraser"]
    points: Points
    radius_px: Radius | list[Radius]

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        if isinstance(self.radius_px, list) and len(self.radius_px) != len(self.points):
            raise SettingsError(
                f"There are {len(self.radius_px)} radii for {len(self.points)} points; give one for each."
            )
        return paint_stroke(labels, self.points, radius_px=self.radius_px, paint=self.paint)


class OutlineEdit(SliceEdit):
    """A filled outline: with corners, or drawn by hand."""

    tool: Literal["polygon", "lasso"]
    points: Points

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        fill = fill_polygon if self.tool == "polygon" else fill_lasso
        return fill(labels, self.points, paint=self.paint)


class FillEdit(SliceEdit):
    """A flood fill; the tolerance is a difference of grey values."""

    tool: Literal["fill"]
    point: Point
    tolerance: Annotated[Grey, Field(ge=0.0)]

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        return flood_fill(
            labels, context.grey(), _pixel(self.point), tolerance=self.tolerance, paint=self.paint
        )


class ThresholdEdit(SliceEdit):
    """Grey values from ``low`` to ``high`` inside a hand-drawn region."""

    tool: Literal["threshold"]
    points: Points
    low: Grey
    high: Grey

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        region = lasso_region(_shape(labels), self.points)
        return threshold_region(
            labels, context.grey(), region, low=self.low, high=self.high, paint=self.paint
        )


class GrowEdit(SliceEdit):
    """A stroke inside a structure that grows to the edge around it, at most ``reach_px`` away."""

    tool: Literal["grow"]
    points: Points
    radius_px: Radius
    reach_px: Annotated[float, Field(ge=1.0, le=400.0)] = 40.0
    rule: Literal["watershed", "random walker"] = "watershed"

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        seeds = stroke_region(_shape(labels), self.points, self.radius_px)
        if not seeds.any():
            raise SettingsError("The stroke lies outside the slice; draw it inside.")
        region = np.asarray(ndimage.distance_transform_edt(~seeds) <= self.reach_px)
        return grow_to_edge(labels, context.grey(), seeds, region, paint=self.paint, rule=self.rule)


class SuperpixelEdit(SliceEdit):
    """The superpixels that a stroke touches."""

    tool: Literal["superpixel"]
    points: Points
    size_px: Annotated[int, Field(ge=4, le=128)] = 16

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        touched = stroke_region(_shape(labels), self.points, 0.5)
        ids = context.superpixels(SuperpixelSettings(self.size_px))
        return paint_superpixels(labels, ids, np.unique(ids[touched]).tolist(), paint=self.paint)


class BoxEdit(SliceEdit):
    """A rectangle in which all labels are cleared."""

    tool: Literal["box"]
    points: Annotated[list[Point], Field(min_length=2, max_length=2)]

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        return clear_box(labels, self.points[0], self.points[1])


class ProposalEdit(SliceEdit):
    """The region that a stored segmentation proposes under the point, accepted or rejected."""

    tool: Literal["accept", "reject"]
    point: Point
    segmentation: Annotated[str, Field(max_length=40)]
    threshold: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.5

    @property
    def takes_from_model(self) -> bool:
        return True

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        probability, values = context.proposals(self.segmentation)
        found = find_proposal(probability, values, _pixel(self.point), threshold=self.threshold)
        if found is None:
            raise SettingsError("Nothing is proposed there; click inside a coloured region.")
        return self._decide(labels, found)

    def _decide(self, labels: np.ndarray, found: Proposal) -> np.ndarray:
        if self.tool == "reject":
            return reject_proposal(labels, found)
        return accept_proposal(labels, found, protects_others=self.protects_others)


class CopyEdit(SliceEdit):
    """The labels of another slice of this plane, laid over this one."""

    tool: Literal["copy"]
    source: Annotated[int, Field(ge=0)]

    @property
    def takes_from_model(self) -> bool:
        return True

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        return paste(labels, context.labels(self.source), protects_others=self.protects_others)


class StepEdit(SliceEdit):
    """Undo or redo; nothing is painted."""

    tool: Literal["undo", "redo"]

    def apply(self, labels: np.ndarray, context: SliceContext) -> np.ndarray:
        return labels


AnyEdit = Annotated[
    StrokeEdit
    | OutlineEdit
    | FillEdit
    | ThresholdEdit
    | GrowEdit
    | SuperpixelEdit
    | BoxEdit
    | ProposalEdit
    | CopyEdit
    | StepEdit,
    Field(discriminator="tool"),
]


class EditRequest(BaseModel):
    """An edit, and whether the labels or the pseudo-labels of the slice are meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edit: AnyEdit
    target: Target = "labels"


_REQUEST = TypeAdapter(EditRequest)


def parse_request(body: bytes) -> EditRequest:
    """Return what the browser asks for.

    Raises
    ------
    SettingsError
        Where it is not of the right form.
    """
    try:
        return _REQUEST.validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"]) or "the request"
        raise SettingsError(
            f"The stroke cannot be read ({place}: {first['msg']}); reload the page."
        ) from error


def _pixel(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def _shape(labels: np.ndarray) -> tuple[int, int]:
    return (labels.shape[0], labels.shape[1])
