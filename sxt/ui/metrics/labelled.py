"""The tomograms that versions can be measured on: those with labels."""

from collections.abc import Sequence
from dataclasses import dataclass

from sxt.ui import format as fmt
from sxt.workspace import TomogramManifest, Workspace


@dataclass(frozen=True)
class LabelledSet:
    """A tomogram with its labelled slices, and those of them that are held out; numbers along z."""

    tomogram: TomogramManifest
    slices: tuple[int, ...]
    held_out: tuple[int, ...]

    def measured(self, *, hold_out_only: bool) -> tuple[int, ...]:
        """Return the slices that would be measured."""
        return self.held_out if hold_out_only and self.held_out else self.slices


def list_labelled(workspace: Workspace) -> list[LabelledSet]:
    """Return the tomograms of which at least one slice is labelled, newest first."""
    with_labels = set(workspace.labels.list_ids())
    found = (_describe(workspace, each) for each in workspace.tomograms.list() if each.id in with_labels)
    return [each for each in found if each.slices]


def describe_measured(sets: Sequence[LabelledSet], *, hold_out_only: bool) -> str:
    """Say in a sentence or two which slices would be measured."""
    n = sum(len(each.measured(hold_out_only=hold_out_only)) for each in sets)
    every = sum(len(each.slices) for each in sets)
    if not hold_out_only:
        return f"All {fmt.count(every, 'labelled slice')} are measured, also those that may be trained on."
    without = [each.tomogram.name for each in sets if not each.held_out]
    if len(without) == len(sets):
        return f"No slice is held out: all {fmt.count(every, 'labelled slice')} are measured."
    said = f"{fmt.count(n, 'slice')} of {fmt.count(every, 'labelled slice')} are measured."
    return said + (
        f" No slice of {', '.join(without)} is held out: all its labels are used." if without else ""
    )


def _describe(workspace: Workspace, tomogram: TomogramManifest) -> LabelledSet:
    labels = workspace.find_labels(tomogram.id)
    if labels is None:
        return LabelledSet(tomogram, (), ())
    slices = tuple(labels.volume.list_slices())
    held_out = set(labels.hold_out.list())
    return LabelledSet(tomogram, slices, tuple(z for z in slices if z in held_out))
