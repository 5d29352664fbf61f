"""Help: first steps, keys, formats and units, this server, licences."""

import streamlit as st

from sxt.ui.help import texts
from sxt.ui.help.keys import label_keys, viewer_keys
from sxt.ui.help.packages import list_packages
from sxt.ui.help.system import check_system, list_versions
from sxt.ui.services import services
from sxt.ui.shell import list_entries, page_head
from sxt.ui.text import escape_markdown


def table(*rows: tuple[str, ...]) -> None:
    """Draw rows of text below the first one, which is the head."""
    head, *body = rows
    lines = [
        head,
        tuple("---" for _ in head),
        *(tuple(escape_markdown(cell) for cell in row) for row in body),
    ]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


page_head("Help", "How to begin, what the keys do, what the numbers mean, and whether this server is well.")
begin, keys, numbers, server, licences = st.tabs(
    ["First steps", "Keys", "Formats and units", "This server", "Licences"], key="topic", bind="query-params"
)
with begin:
    st.markdown(texts.FIRST_STEPS)
    st.subheader("Pages", anchor=False)
    entries = [entry for group in list_entries().values() for entry in group]
    table(("page", "what it is for"), *((entry.title, texts.PAGES[entry.name]) for entry in entries))
with keys:
    st.markdown("The viewer takes these keys while the pointer is over it.")
    table(("key", "what it does"), *viewer_keys())
    st.subheader("Page Label", anchor=False)
    table(("key", "what it does"), *label_keys())
with numbers:
    st.subheader("Files", anchor=False)
    table(("what", "which"), *texts.FORMATS)
    st.markdown(texts.TILT_SERIES)
    st.subheader("Units and measurements", anchor=False)
    st.markdown(texts.UNITS)
    table(("measurement", "meaning"), *texts.MEASUREMENTS)
if server.open:
    with server:
        with st.spinner("Looking at the server"):
            checks = check_system(services())
        table(
            ("", "", "finding"), *(("✓" if each.is_fine else "!", each.what, each.finding) for each in checks)
        )
        table(("program", "version"), *list_versions())
        st.subheader("Where the data lie", anchor=False)
        st.markdown(texts.DATA.format(root=escape_markdown(str(services().workspace.root))))
with licences:
    st.markdown(texts.LICENCES)
    table(
        ("package", "version", "licence"),
        *((each.name, each.version, each.licence) for each in list_packages()),
    )
