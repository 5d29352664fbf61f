from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from sxt.errors import SettingsError
from sxt.ui.viewer import OverlayClass, OverlaySource, ViewerState
from sxt.ui.viewer.component import WEB_DIR, describe_overlay, parse_state, slices_url

PROBABILITY = OverlaySource("probability", "segmentat0", "cell 7", "probability", threshold=0.45)


def test_what_the_browser_tells_becomes_the_state():
    told = {
        "position": [3, 40, 50],
        "plane": "y",
        "limits": [1, 2.5],
        "is_inverted": True,
        "is_overlay_on": False,
        "overlay": describe_overlay(PROBABILITY)["given_id"],
        "threshold": 0.25,
        "opacity": 1,
        "brush_px": 12,
    }
    assert parse_state(told, PROBABILITY) == ViewerState(
        position=(3, 40, 50),
        plane="y",
        limits=(1.0, 2.5),
        is_inverted=True,
        is_overlay_on=False,
        threshold=0.25,
        opacity=1.0,
        brush_px=12,
    )


@pytest.mark.parametrize(
    "told",
    [
        None,
        "text",
        {},
        {"position": [1, 2], "plane": "w", "limits": ["a", 1], "threshold": True, "brush_px": None},
        {"position": [1, 2, float("nan")], "limits": {"a": 1}, "opacity": "0.5"},
    ],
)
def test_what_is_of_another_form_counts_as_not_chosen(told):
    assert parse_state(told) == ViewerState()


@pytest.mark.parametrize(
    "shown",
    [
        None,
        replace(PROBABILITY, item_id="segmentat1"),
        replace(PROBABILITY, threshold=0.6),
        replace(PROBABILITY, opacity=0.7),
    ],
)
def test_a_threshold_chosen_for_what_was_shown_before_counts_as_not_chosen(shown):
    told = {
        "overlay": describe_overlay(PROBABILITY)["given_id"],
        "threshold": 0.25,
        "opacity": 0.3,
        "plane": "x",
    }
    state = parse_state(told, shown)
    assert (state.threshold, state.opacity, state.plane) == (None, None, "x")


@pytest.mark.parametrize("threshold", [-0.1, 1.0])
def test_a_threshold_outside_its_range_is_refused(threshold):
    with pytest.raises(SettingsError, match="use a probability from 0 up to 1"):
        OverlaySource("mask", "segmentat0", "mask", "mask", threshold=threshold)


def test_an_opacity_outside_its_range_is_refused():
    with pytest.raises(SettingsError, match="use a number from 0 to 1"):
        OverlaySource("mask", "segmentat0", "mask", "mask", opacity=1.5)


def test_addresses_begin_with_the_prefix_of_the_server(monkeypatch):
    assert slices_url("mask", "segmentat0") == "/api/slices/mask/segmentat0"
    monkeypatch.setattr("sxt.ui.viewer.component.base_path", lambda: "/sxt")
    assert slices_url("tomogram", "tomogram00") == "/sxt/api/slices/tomogram/tomogram00"


def test_the_scripts_are_one_module_that_asks_nothing_of_other_hosts():
    scripts = [path.read_text() for path in sorted(WEB_DIR.glob("*.js"))]
    assert sum(script.count("export default") for script in scripts) == 1
    assert not any("import " in line for script in scripts for line in script.splitlines() if line[:1] != "/")
    allowed = "http://www.w3.org/2000/svg"
    assert not any("http" in script.replace(allowed, "") for script in scripts)


def test_a_page_shows_the_viewer_and_gets_its_state():
    def page():
        import streamlit as st

        from sxt.ui.viewer import Mark, OverlayClass, OverlaySource, ViewerSource, slice_viewer

        state = slice_viewer(
            "viewer",
            source=ViewerSource("tomogram00", "cell <b>", (20.0, 10.0, 10.0)),
            overlay=OverlaySource(
                "mask", "segmentat0", "mask", "mask", (OverlayClass(1, "membrane", "#E69F00"),)
            ),
            marks=[Mark(3, "label", "by Ada")],
        )
        st.text(f"{state.plane} {state.position}")

    app = AppTest.from_function(page, default_timeout=20).run()
    assert not app.exception
    assert app.text[0].value == "z None"


def test_classes_know_their_pattern():
    assert OverlayClass(2, "false positive", "#D55E00", is_hatched=True).is_hatched
    assert not OverlayClass(1, "true positive", "#009E73").is_hatched
