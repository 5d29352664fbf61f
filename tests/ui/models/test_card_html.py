from html.parser import HTMLParser

from sxt.models import render_card
from sxt.ui.models.card_html import card_html, swatch
from tests.ui.models.conftest import TINY_NETWORK


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.words, self.attributes = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)


def body(markdown):
    return card_html(markdown).split("</style>")[1]


def test_a_rendered_card_keeps_its_tables():
    from sxt.models import ModelClass, ModelConfig

    config = ModelConfig(
        name="tiny",
        version="1",
        network=TINY_NETWORK,
        classes=(ModelClass(1, "a | b", "#56B4E9"),),
        created="2026-01-31",
        training={"data": "12 slices"},
        metrics={"dice": 0.71},
        limits=("It is tiny.",),
    )
    page = body(render_card(config))
    assert '<td>class 1</td><td>a | b, <span class="swatch" style="background:#56B4E9">' in page
    assert "<td>data</td><td>12 slices</td>" in page
    assert "<td>dice</td><td>0.71</td>" in page
    assert "<td>It is tiny.</td>" in page
    assert "<h4>Held-out metrics</h4>" in page
    assert "tiny:1" not in page  # the first heading repeats the title


def test_headings_lists_code_and_bold_are_drawn():
    page = body("## A\ntext **b** and\n`c*d`\n\n- one\n- two\n")
    assert "<h4>A</h4><p>text <b>b</b> and <code>c*d</code></p><ul><li>one</li><li>two</li></ul>" in page


def test_a_head_of_its_own_is_kept():
    page = body("| slice | Dice |\n|---|---|\n| 1 | 0.5 |\n")
    assert "<thead><tr><th>slice</th><th>Dice</th></tr></thead><tbody><tr><td>1</td>" in page


def test_nothing_in_a_card_becomes_a_tag_a_link_or_a_picture():
    hostile = (
        "# t\n<script>alert(1)</script> <img src=http://evil.example/a.png onerror=x>\n"
        "[link](http://evil.example) ![pic](http://evil.example/a.png) <http://evil.example>\n"
        "| <b>x</b> | `</code><script>` |\n|---|---|\n| **<i>y</i>** | javascript:alert(1) |\n"
        "- <iframe src=//evil.example>\n## <svg onload=x>\n"
    )
    found = Tags(body(hostile))
    allowed = {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "b", "ul", "li", "h4"}
    assert set(found.tags) <= allowed
    assert dict(found.attributes) == {"class": "sxt-card"}
    assert "<script>alert(1)</script>" in "".join(found.words)


def test_only_a_colour_makes_a_swatch():
    assert "background:#E69F00" in swatch("#E69F00")
    assert swatch("#E69F00;position:fixed") == ""
    assert swatch("red") == ""


def test_an_empty_card_is_an_empty_box():
    assert body("") == '<div class="sxt-card"></div>'
