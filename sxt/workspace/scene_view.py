"""How a 3D scene is seen, as a share keeps it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    model_validator,
)

MAX_COLUMN_LENGTH = 100
Point = tuple[FiniteFloat, FiniteFloat, FiniteFloat]


class Part(BaseModel):
    """A part of a manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Camera(Part):
    """A view of a scene, (x, y, z) in the scene's unit; ``parallel_scale`` is set for a view without perspective."""

    position: Point
    focal_point: Point
    view_up: Point
    parallel_scale: Annotated[FiniteFloat, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _looks_somewhere(self) -> "Camera":
        if self.position == self.focal_point:
            raise ValueError("a camera cannot look at where it is")
        return self


class SceneView(Part):
    """How a scene is seen.

    Parameters
    ----------
    camera : Camera
    colour_by : str
        ``component``, ``class`` or a measurement's column.
    planes : mapping
        Axis (``z``, ``y``, ``x``) to the slice of the scene's grey values that is shown; None hides the plane.
    visible : tuple of int or None
        Ids of the components that are shown; None shows all.
    """

    camera: Camera
    colour_by: Annotated[str, StringConstraints(max_length=MAX_COLUMN_LENGTH)] = "component"
    planes: dict[Literal["z", "y", "x"], NonNegativeInt | None] = {}
    visible: tuple[PositiveInt, ...] | None = None

    def showing(self, ids: Sequence[int] | None) -> "SceneView":
        """Return the same view of these components alone; None shows all."""
        return self.model_copy(update={"visible": None if ids is None else tuple(ids)})
