import logging

from streamlit.testing.v1 import AppTest


def foreseen():
    import streamlit as st

    from sxt.errors import SettingsError
    from sxt.ui.shell import errors_shown

    with errors_shown():
        raise SettingsError("Tile 600 px exceeds the *512 px* slice; use 512 or less.")
    st.text("the page goes on")


def unforeseen():
    import streamlit as st

    from sxt.ui.shell import show_script_error

    try:
        raise ZeroDivisionError("secret of the code")
    except ZeroDivisionError as error:
        is_shown = show_script_error(error)
    st.text(f"shown {is_shown}")


def with_details():
    from sxt.errors import SxtError
    from sxt.ui.shell import show_error

    show_error(SxtError("The job failed."), details="line 1\nline 2")


def stopped():
    import streamlit as st

    from sxt.ui.shell import errors_shown

    with errors_shown():
        st.stop()


def test_an_expected_error_is_shown_as_it_is_and_the_page_goes_on():
    app = AppTest.from_function(foreseen).run()
    assert app.error[0].value == r"Tile 600 px exceeds the \*512 px\* slice; use 512 or less\."
    assert app.text[0].value == "the page goes on"


def test_any_other_error_is_a_sentence_with_the_id_that_the_log_has(caplog):
    with caplog.at_level(logging.ERROR):
        app = AppTest.from_function(unforeseen).run()
    shown = app.error[0].value
    assert app.text[0].value == "shown True"
    assert "secret" not in shown
    error_id = shown.split("**")[1]
    assert f"Error {error_id}" in caplog.text
    assert "ZeroDivisionError: secret of the code" in caplog.text


def test_details_are_folded_away():
    app = AppTest.from_function(with_details).run()
    assert app.expander[0].label == "Details"
    assert app.code[0].value == "line 1\nline 2"


def test_stopping_a_page_is_no_error():
    app = AppTest.from_function(stopped).run()
    assert not app.error
    assert not app.exception
