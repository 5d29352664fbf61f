import math

import numpy as np
import pandas as pd
import pytest

from sxt.errors import SettingsError
from sxt.ui.surface.filters import ComponentFilter, Range, make_filter, parse_filter

TABLE = pd.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "class": [1, 3, 1, 3],
        "volume_um3": [4.0, 3.0, 2.0, 1.0],
        "mean_grey": [10.0, math.nan, 30.0, 40.0],
        "touches_border": [True, False, False, False],
    }
)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (ComponentFilter(), [1, 2, 3, 4]),
        (ComponentFilter((Range("volume_um3", 2.0, 3.0),)), [2, 3]),
        (ComponentFilter((Range("mean_grey", 0.0, 35.0),)), [1, 3]),
        (ComponentFilter(classes=(3,)), [2, 4]),
        (ComponentFilter(classes=()), []),
        (ComponentFilter(is_whole=True), [2, 3, 4]),
        (ComponentFilter((Range("volume_um3", 1.0, 3.0),), (1,), True), [3]),
    ],
)
def test_what_passes(wanted, ids):
    assert TABLE["id"][wanted.passes(TABLE)].tolist() == ids


@pytest.mark.parametrize(
    "wanted",
    [
        ComponentFilter(),
        ComponentFilter((Range("volume_um3", 0.1 + 0.2, 1e-300), Range("mean_grey", -math.inf, 2.5))),
        ComponentFilter(classes=()),
        ComponentFilter(classes=(1, 3), is_whole=True),
    ],
)
def test_a_filter_survives_an_address(wanted):
    assert parse_filter([("v", "7"), *wanted.query()]) == wanted


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([("range", "volume_um3:low:high")], "cannot be read; set it on the page"),
        ([("range", "volume_um3:nan:2")], "cannot be read"),
        ([("range", "volume_um3")], "cannot be read"),
        ([("class", "one")], "cannot be read"),
        ([("range", "volume_um3:1:2")] * 65, "65 ranges are too many"),
    ],
)
def test_what_is_no_filter_is_refused(pairs, sentence):
    with pytest.raises(SettingsError, match=sentence):
        parse_filter(pairs)


def test_a_measurement_that_is_not_there_is_named():
    with pytest.raises(SettingsError, match="no measurement 'area_um2'"):
        ComponentFilter((Range("area_um2", 0.0, 1.0),)).passes(TABLE)


def test_ranges_that_leave_nothing_out_are_dropped():
    everything = {"volume_um3": (1.0, 4.0), "mean_grey": (10.0, 40.0)}
    assert make_filter(TABLE, everything, classes=[1, 3], is_whole=False).is_empty
    narrow = make_filter(TABLE, everything | {"volume_um3": (1.0, 3.0)}, classes=[3], is_whole=True)
    assert narrow == ComponentFilter((Range("volume_um3", 1.0, 3.0),), (3,), True)
    assert np.flatnonzero(narrow.passes(TABLE)).tolist() == [1, 3]


def test_no_choice_of_classes_takes_all():
    assert make_filter(TABLE, {}, classes=[], is_whole=False).is_empty
