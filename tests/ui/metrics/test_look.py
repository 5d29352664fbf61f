import pytest

from sxt.ui.metrics.look import PARAMETERS, Look, format_look, parse_look
from sxt.ui.metrics.object_list import WrongObject

LOOK = Look("slices", 3, "small:1", "abcdefghij", "side-by-side", (4, 0, 12), WrongObject("missed", 7), True)


def test_an_address_says_all_that_is_looked_at():
    texts = format_look(LOOK)
    assert set(texts) == set(PARAMETERS.values())
    assert (texts["at"], texts["object"], texts["differences"]) == ("4-0-12", "missed-7", "1")
    assert parse_look(texts) == LOOK


def test_what_was_not_chosen_stays_out_of_the_address():
    assert format_look(Look()) == {}
    assert parse_look({}) == Look()


@pytest.mark.parametrize(
    "texts",
    [
        {"at": "4-0"},
        {"at": "4-0--1"},
        {"at": "a-b-c"},
        {"class": "x"},
        {"object": "missed"},
        {"differences": "no"},
    ],
)
def test_what_cannot_be_read_was_not_chosen(texts):
    assert parse_look(texts) == Look()
