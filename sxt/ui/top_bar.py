"""The slim bar on top of every page: what is selected, and what runs."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from sxt.ui.access.user import current_user
from sxt.ui.choices import list_choices
from sxt.ui.jobs_chip import CancelJob, ListJobs, jobs_chip
from sxt.ui.routes.account import PATH as ACCOUNT_PATH
from sxt.ui.selection import ChoicesGetter, Selectable, Selection, draw_control, settle
from sxt.ui.services import base_path, services
from sxt.ui.shell import Navigation, PageEntry
from sxt.ui.theme import TOP_BAR_KEY

WIDTHS = (4.5, 4.5, 2.2, 4.8)


def draw_page(navigation: Navigation) -> None:
    """Draw the bar over the workspace that the server works on, then the page."""
    opened = services()

    def cancel(job_id: str) -> None:
        opened.jobs.cancel(job_id, by=current_user())

    draw_top_bar(
        navigation.entry,
        get_choices=lambda: list_choices(opened, navigation.entry),
        list_jobs=opened.jobs.list,
        cancel=cancel,
    )
    draw_user(current_user())
    navigation.page.run()


def draw_user(name: str) -> None:
    """Say below the navigation under which name things are recorded, with a link to where that is changed."""
    address = f"{base_path()}{ACCOUNT_PATH}"
    st.sidebar.html(
        f'<a href="{escape(address)}" target="_self" style="display:block;padding:0 .5rem;font-size:.85rem;opacity:.75;'
        f'color:inherit;overflow-wrap:anywhere" title="Name and logging out">You are {escape(name)}</a>'
    )


def draw_top_bar(
    entry: PageEntry, *, get_choices: ChoicesGetter, list_jobs: ListJobs, cancel: CancelJob
) -> Selection:
    """Draw the bar of a page and return what is selected.

    Parameters
    ----------
    entry : PageEntry
        The page; says whether the bar shows a segmentation or a model version.
    get_choices : callable
        Returns what there is to select.
    list_jobs, cancel : callable
        As for `jobs_chip`.
    """
    choices = get_choices()
    shown: Sequence[Selectable] = ("tomogram", entry.shows, "device")
    kept: Sequence[Selectable] = ("segmentation",) if entry.keeps_segmentation else ()
    selection = settle(choices, (*shown, *kept))
    with st.container(key=TOP_BAR_KEY):
        columns = st.columns(WIDTHS, gap="small", vertical_alignment="center")
        for column, what in zip(columns, shown, strict=False):
            with column:
                draw_control(what, choices)
        with columns[-1]:
            jobs_chip(list_jobs, cancel)
    return selection
