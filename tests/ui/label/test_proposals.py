from types import SimpleNamespace

import pytest

from sxt.labels import SliceKey
from sxt.ui.label.proposals import slice_to_review


def session(key, **decisions):
    """A session whose queue has the slices z2, z5 …, the least sure first."""
    queue = [SimpleNamespace(index=int(name[1:]), decision=decision) for name, decision in decisions.items()]
    return SimpleNamespace(key=key, queue=queue)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(SliceKey("z", 3), 5), (SliceKey("z", 2), None), (SliceKey("z", 4), 5), (SliceKey("y", 2), 5)],
    ids=["without pseudo-labels", "with some", "with decided ones", "another plane"],
)
def test_after_proposing_the_least_sure_slice_is_shown_unless_one_is_looked_at(key, expected):
    assert slice_to_review(session(key, z5=None, z2=None, z4="accepted")) == expected


def test_where_nothing_waits_the_slice_stays():
    assert slice_to_review(session(SliceKey("z", 3))) is None
    assert slice_to_review(session(SliceKey("z", 3), z5="rejected")) is None
