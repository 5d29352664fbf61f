"""A scene's page that opens with a view or under a title of its own: nothing else in it is replaced."""

import re
from html import escape
from pathlib import Path

from sxt.errors import InputError
from sxt.workspace import SceneView

TITLES = (
    re.compile(r"(<title>).*?(</title>)", re.DOTALL),
    re.compile(r'(id="caption"><strong>).*?(</strong>)'),
)
"""Where a page of a scene says what it is: for the browser's tab, and above the scene."""


def titled(page: str, title: str) -> str:
    """Return the page of a scene under another title, plain text that is escaped here."""
    for place in TITLES:
        page = place.sub(lambda found: f"{found[1]}{escape(title)}{found[2]}", page, count=1)
    return page


def page_with_view(path: Path, view: SceneView) -> str:
    """Return the page of a scene, as `sxt.surface` writes it, that opens with ``view``.

    Raises
    ------
    InputError
        Where the page has no place for a view.
    """
    from sxt.surface.scene_content import NO_VIEW, view_element

    before, found, after = path.read_text(encoding="utf-8").partition(NO_VIEW)
    if not found:
        raise InputError(f"{path.name} holds no scene of this version; make the surface again.")
    return f"{before}{view_element(view.model_dump(mode='json'))}{after}"
