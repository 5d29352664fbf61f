"""How pages show what went wrong."""

import contextlib
import logging
import secrets
from collections.abc import Iterator

import streamlit as st

from sxt.errors import SxtError
from sxt.ui.text import escape_markdown

ERROR_ID_BYTES = 4

_log = logging.getLogger(__name__)


def show_error(error: BaseException, *, details: str = "") -> None:
    """Show an error: an `SxtError` as it is, anything else as a plain sentence with an id that the log has too.

    Parameters
    ----------
    error : BaseException
    details : str, optional
        A job's log, for example; folded away.
    """
    if isinstance(error, SxtError):
        st.error(escape_markdown(str(error)))
    else:
        error_id = secrets.token_hex(ERROR_ID_BYTES)
        _log.error("Error %s", error_id, exc_info=error)
        st.error(
            f"Something failed that the program did not expect; the server's log says more under **{error_id}**."
        )
    if details:
        with st.expander("Details"):
            st.code(details, language=None)


def show_script_error(error: Exception) -> bool:
    """Show an error that a page, a fragment or a callback let through; for ``st.App(on_script_error=…)``."""
    show_error(error)
    return True


@contextlib.contextmanager
def errors_shown() -> Iterator[None]:
    """Show what the block raises, and go on after it."""
    try:
        yield
    except Exception as error:
        show_error(error)
