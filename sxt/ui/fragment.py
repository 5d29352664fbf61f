"""Parts of a page that run alone, by a clock or when something in them changes."""

import functools
from collections.abc import Callable
from typing import ParamSpec, overload

import streamlit as st

P = ParamSpec("P")


@overload
def fragment(draw: Callable[P, None], *, run_every: float | None = None) -> Callable[P, None]: ...
@overload
def fragment(
    draw: None = None, *, run_every: float | None = None
) -> Callable[[Callable[P, None]], Callable[P, None]]: ...
def fragment(
    draw: Callable[P, None] | None = None, *, run_every: float | None = None
) -> Callable[P, None] | Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function a fragment in a place of its own; to be used instead of ``st.fragment``.

    Where the server is busy, a fragment's next run may begin before the browser has got what the page's run drew. What
    that drew of the fragment is then dropped, so the browser takes the fragment's block for gone and moves up what
    stands below it, which the new run overwrites: the page stays without it. A place that is never empty keeps the
    position.

    Parameters
    ----------
    draw : callable
        What it returns is not handed on.
    run_every : float or None
        Seconds after which it runs again by itself.
    """
    if draw is None:
        return functools.partial(fragment, run_every=run_every)
    alone = st.fragment(draw, run_every=run_every)

    @functools.wraps(draw)
    def draw_in_place(*args: P.args, **kwargs: P.kwargs) -> None:
        with st.container(gap=None):
            st.empty()
            alone(*args, **kwargs)

    return draw_in_place
