"""Which tomograms have labels to learn from."""

from collections import Counter
from dataclasses import dataclass

from sxt.labels import training_view
from sxt.ui import format as fmt
from sxt.workspace import TomogramManifest, Workspace


@dataclass(frozen=True)
class LabelledTomogram:
    """A tomogram with labels.

    Parameters
    ----------
    tomogram : TomogramManifest
    slices_by_source : dict
        Where labels come from (``human``, ``imported``, ``pseudo`` …) to the number of slices that training sees.
    slices_by_person : dict
        Who labelled them to the number of slices.
    n_held_out : int
        Slices that are kept to measure on.
    class_names : dict
        Value to name.
    """

    tomogram: TomogramManifest
    slices_by_source: dict[str, int]
    slices_by_person: dict[str, int]
    n_held_out: int
    class_names: dict[int, str]

    @property
    def n_slices(self) -> int:
        return sum(self.slices_by_source.values())

    def describe(self) -> str:
        """Return how many slices, where their labels come from, and how many by whom, in one line."""
        sources = ", ".join(f"{n} {source}" for source, n in self.slices_by_source.items())
        people = ", ".join(f"{n} by {person}" for person, n in sorted(self.slices_by_person.items()))
        said = "; ".join(each for each in (sources, people) if each)
        held = f"; {fmt.count(self.n_held_out)} held out" if self.n_held_out else ""
        return f"{fmt.count(self.n_slices, 'slice')} ({said}){held}"


def list_labelled(workspace: Workspace) -> list[LabelledTomogram]:
    """Return the tomograms with at least one slice to train on, newest first."""
    found = []
    for tomogram in workspace.tomograms.list():
        labels = workspace.find_labels(tomogram.id)
        if labels is None:
            continue
        slices = training_view(labels).slices
        if not slices:
            continue
        found.append(
            LabelledTomogram(
                tomogram,
                dict(Counter(each.whose for each in slices)),
                dict(Counter(each.by for each in slices if each.by)),
                len(labels.hold_out.list()),
                {each.value: each.name for each in labels.classes},
            )
        )
    return found
