"""A scene's page that opens with a view of its own: nothing else in it is replaced."""

from pathlib import Path

from sxt.errors import InputError
from sxt.workspace import SceneView


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
