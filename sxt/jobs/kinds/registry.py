"""Which kinds of jobs there are; each is imported when it is first needed."""

from collections.abc import Mapping
from importlib import import_module

from sxt.errors import SettingsError
from sxt.jobs.kinds.base import JobKind

KINDS: Mapping[str, str] = {
    "import": "sxt.jobs.kinds.bring_in:KIND",
    "demo": "sxt.jobs.kinds.demo:KIND",
    "segment": "sxt.jobs.kinds.segment:KIND",
    "threshold": "sxt.jobs.kinds.threshold:KIND",
    "train": "sxt.jobs.kinds.train:KIND",
    "revert-round": "sxt.jobs.kinds.revert_round:KIND",
    "surface": "sxt.jobs.kinds.surface:KIND",
    "propose": "sxt.jobs.kinds.propose:KIND",
    "segment-propose": "sxt.jobs.kinds.propose:SEGMENT_KIND",
    "suggest": "sxt.jobs.kinds.suggest:VERSIONS_KIND",
    "suggest-turned": "sxt.jobs.kinds.suggest:TURNED_KIND",
    "import-labels": "sxt.jobs.kinds.import_labels:KIND",
    "compare": "sxt.jobs.kinds.compare:KIND",
}
"""Name to ``module:attribute``."""


def find_kind(name: str, kinds: Mapping[str, str] = KINDS) -> JobKind:
    """Return a kind by its name; raise `SettingsError` where there is none."""
    if name not in kinds:
        raise SettingsError(f"There is no kind of job {name!r}; the kinds are {', '.join(kinds)}.")
    return load_kind(kinds[name])


def load_kind(place: str) -> JobKind:
    """Import a kind from ``module:attribute``."""
    module, _, attribute = place.partition(":")
    kind = getattr(import_module(module), attribute)
    if not isinstance(kind, JobKind):
        raise TypeError(f"{place} is not a kind of job")
    return kind
