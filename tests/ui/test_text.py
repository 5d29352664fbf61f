import pytest

from sxt.ui.text import WORD_JOINER, escape_markdown, shorten


@pytest.mark.parametrize(
    "text",
    [
        "*bold*",
        "_x_",
        "[link](https://a.b)",
        "<b>",
        ":red[x]",
        ":material/home:",
        "$x^2$",
        "`code`",
        "# a",
        "~~a~~",
    ],
)
def test_markdown_is_shown_literally(text):
    escaped = escape_markdown(text)
    assert escaped != text
    assert escaped.replace("\\", "").replace(WORD_JOINER, "") == text
    for mark in "*_[<:$`#~":
        assert escaped.count(mark) == escaped.count("\\" + mark)


def test_line_breaks_become_spaces():
    assert escape_markdown("one\ntwo\t three") == "one two three"


def test_letters_and_units_stay_as_they_are():
    assert escape_markdown("Zelle 7 µ 細胞") == "Zelle 7 µ 細胞"


def test_the_middle_of_a_long_name_goes():
    assert shorten("abcdefghij", 10) == "abcdefghij"
    assert shorten("abcdefghijk", 10) == "abcde…hijk"
    assert len(shorten("x" * 300, 60)) == 60


@pytest.mark.parametrize("address", ["https://lab.org/x", "HTTP://lab.org", "www.lab.org", "ftp://lab.org"])
def test_an_address_does_not_become_a_link(address):
    shown = escape_markdown(f"see {address} there")
    assert address not in shown.replace("\\", "")
    assert shown.replace("\\", "").replace(WORD_JOINER, "") == f"see {address} there"
