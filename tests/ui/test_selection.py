import pytest
from streamlit.testing.v1 import AppTest

from sxt.ui.selection import LABEL_LENGTH, Choice, unique_labels


def page():
    import streamlit as st

    from sxt.ui.selection import Choice, Choices, draw_control, select, settle

    choices = Choices(
        tomograms=(Choice("tom2", "cell.mrc"), Choice("tom1", "cell.mrc"), Choice("tom0", "zelle.tif")),
        segmentations=(
            Choice("seg3", "third", parent="tom1"),
            Choice("seg2", "second", parent="tom1"),
            Choice("seg1", "first", parent="tom0"),
        ),
        models=(Choice("membrane:2", "membrane:2 (default)"), Choice("membrane:1", "membrane:1")),
        devices=(Choice("auto", "GPU"), Choice("cpu", "CPU")),
    )
    shown = ("tomogram", st.session_state.get("shows", "segmentation"), "device")
    selection = settle(choices, shown)
    for what in shown:
        draw_control(what, choices)
    st.button("other", on_click=lambda: select(tomogram="tom0"))
    st.text(f"{selection.tomogram} {selection.segmentation} {selection.model} {selection.device}")


@pytest.fixture
def app():
    return AppTest.from_function(page, default_timeout=20)


def told(app):
    assert not app.exception
    return app.text[0].value


def address(app):
    return {key: value if isinstance(value, str) else value[0] for key, value in app.query_params.items()}


def test_the_newest_is_selected_at_first_and_stands_in_the_address(app):
    assert told(app.run()) == "tom2 None None auto"
    assert address(app) == {"tomogram": "tom2"}


def test_another_tomogram_brings_its_newest_segmentation(app):
    app.run()
    app.selectbox[0].set_value("tom1").run()
    assert told(app) == "tom1 seg3 None auto"
    assert address(app) == {"tomogram": "tom1", "segmentation": "seg3"}


def test_a_bookmark_wins_over_what_is_newest(app):
    app.query_params["tomogram"] = "tom1"
    app.query_params["segmentation"] = "seg2"
    app.query_params["device"] = "cpu"
    assert told(app.run()) == "tom1 seg2 None cpu"
    assert address(app) == {"tomogram": "tom1", "segmentation": "seg2", "device": "cpu"}


def test_a_segmentation_alone_brings_its_tomogram(app):
    app.query_params["segmentation"] = "seg1"
    assert told(app.run()) == "tom0 seg1 None auto"


def test_what_is_not_there_any_more_gives_way(app):
    app.query_params["tomogram"] = "gone"
    app.query_params["segmentation"] = "seg2"
    assert told(app.run()) == "tom2 None None auto"
    assert address(app) == {"tomogram": "tom2"}


def test_going_back_selects_what_the_address_had(app):
    app.run()
    app.selectbox[0].set_value("tom1").run()
    app.query_params["tomogram"] = "tom0"
    app.query_params["segmentation"] = "seg1"
    assert told(app.run()) == "tom0 seg1 None auto"


def test_a_page_that_shows_models_keeps_the_segmentation_for_the_next(app):
    app.query_params["tomogram"] = "tom1"
    app.query_params["segmentation"] = "seg2"
    app.run()
    app.session_state["shows"] = "model"
    assert told(app.run()) == "tom1 seg2 membrane:2 auto"
    assert address(app) == {"tomogram": "tom1", "model": "membrane:2"}
    app.session_state["shows"] = "segmentation"
    assert told(app.run()) == "tom1 seg2 membrane:2 auto"


def test_a_page_can_select_something_else(app):
    app.run()
    app.button[0].click().run()
    assert told(app) == "tom0 seg1 None auto"


def test_tomograms_of_the_same_name_can_be_told_apart(app):
    app.run()
    assert app.selectbox[0].options == ["cell.mrc (tom2)", "cell.mrc (tom1)", "zelle.tif"]


def test_long_names_are_shortened():
    labels = unique_labels([Choice("a" * 10, "x" * 100)])
    assert len(labels["a" * 10]) == LABEL_LENGTH


def test_nothing_to_select_is_said_in_the_control():
    def empty():
        from sxt.ui.selection import Choices, draw_control, settle

        settle(Choices(), ("tomogram", "segmentation"))
        draw_control("tomogram", Choices())

    app = AppTest.from_function(empty).run()
    assert not app.exception
    assert app.selectbox[0].placeholder == "No tomogram yet"
    assert app.selectbox[0].disabled
