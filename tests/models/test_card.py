from sxt.models import render_card


def test_the_card_says_what_the_configuration_says(make_config):
    config = make_config(
        training={"data": "simulated cells", "seed": 3, "teacher": None},
        metrics={"dice": 0.81234567},
        description="Outlines of organelles.",
        limits=("Beads | droplets are\nconfused.",),
        licence="MIT",
        source="made here",
        parent="tiny:0.9",
    )
    lines = render_card(config).splitlines()
    assert lines[:3] == ["# tiny:1", "", "Outlines of organelles."]
    for line in (
        "| class 1 | membrane, `#E69F00` |",
        "| pixel size | 10 nm |",
        "| data | simulated cells |",
        "| seed | 3 |",
        "| teacher | not recorded |",
        "| dice | 0.8123 |",
        "| Beads \\| droplets are confused. |",
        "| licence | MIT |",
        "| started from | tiny:0.9 |",
        "| SHA-256 of the weights | not saved yet |",
    ):
        assert line in lines


def test_what_was_not_recorded_is_said(make_config):
    text = render_card(make_config(pixel_size_nm=None))
    assert "| pixel size | unknown |" in text
    assert "## Held-out metrics\n\nNone were measured." in text
    assert "## Data and training\n\nNothing was recorded." in text
