"""Whether a version was trained on what it is to be measured on, by its training record."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sxt.metrics import Study
from sxt.ui import format as fmt
from sxt.ui.metrics.studies import StoredStudy
from sxt.ui.models.catalogue import Catalogue
from sxt.workspace import TomogramManifest, Workspace
from sxt.workspace.evaluating import HASH_LETTERS

if TYPE_CHECKING:
    from sxt.models import ModelConfig

UNLABELLED = "unlabelled"
SHOWN_SLICES = 8

_TRAINED = re.compile(r"trained on slices ([\d, ]+)")


@dataclass(frozen=True)
class Leak:
    """What makes numbers doubtful: a sentence, and whether the very slices were trained on."""

    sentence: str
    is_severe: bool


def find_leaks(
    config: "ModelConfig", tomogram: TomogramManifest, measured: Collection[int]
) -> tuple[Leak, ...]:
    """Return what a version's training record says of a tomogram.

    Parameters
    ----------
    measured : collection of int
        The slices that are to be measured.
    """
    marks = (tomogram.id, tomogram.sha256[:HASH_LETTERS])
    entries = [
        text
        for text in map(str, config.training.values())
        if any(mark in text for mark in marks) and not text.rstrip().endswith(UNLABELLED)
    ]
    found = (_leak(config.spec, tomogram.name, entry, measured) for entry in entries)
    return tuple(dict.fromkeys(found))


def list_severe_leaks(
    workspace: Workspace, catalogue: Catalogue, stored: StoredStudy, study: Study
) -> list[str]:
    """Return a sentence for each version of a comparison that was trained on slices it was measured on."""
    found: list[str] = []
    for info, evaluations in zip(study.versions, study.evaluations, strict=False):
        version = catalogue.find(info.name)
        if version is None or version.config is None or version.config.weights_sha256 != info.sha256:
            continue
        for tomogram_id, evaluation in zip(stored.request.tomogram_ids, evaluations, strict=True):
            tomogram = workspace.tomograms.find(tomogram_id)
            if tomogram is not None:
                measured = evaluation.slices[evaluation.confusion.matrix.sum(axis=(1, 2)) > 0].tolist()
                leaks = find_leaks(version.config, tomogram, measured)
                found += [each.sentence for each in leaks if each.is_severe]
    return found


def _leak(spec: str, name: str, entry: str, measured: Collection[int]) -> Leak:
    named = _TRAINED.search(entry)
    if named is None:
        return Leak(f"{spec} was trained on {name}: its numbers here say little of other cells.", True)
    trained = {int(each) for each in re.findall(r"\d+", named.group(1))}
    if not trained & set(measured):
        said = "was trained on other slices of"
        return Leak(f"{spec} {said} {name}; other cells may be harder for it.", False)
    shared = sorted(trained & set(measured))
    which = ", ".join(map(str, shared[:SHOWN_SLICES])) + (" and others" if len(shared) > SHOWN_SLICES else "")
    slices = f"{fmt.count(len(shared), 'slice')} of {name} ({which})"
    return Leak(f"{spec} was trained on {slices}, of those measured here: its numbers are too good.", True)
