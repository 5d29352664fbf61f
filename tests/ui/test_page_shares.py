from datetime import timedelta

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sxt.ui.share_list import describe_item, list_shareable, state_of
from sxt.workspace.clock import utc_now
from tests.layers import REPOSITORY
from tests.ui.items import add_segmentation, add_tomogram
from tests.ui.lab_items import add_surface

SHAPE = (4, 16, 20)
HOSTILE = 'µ <b>x</b> ![i](http://evil.example/a.png) :red[y] "漢字" ' + "n" * 90


@pytest.fixture
def segmentation(opened, tmp_path):
    tomogram = add_tomogram(opened.workspace, tmp_path, np.zeros(SHAPE, "u1") + 7)
    return add_segmentation(opened.workspace, tomogram, np.ones(SHAPE, "u1"))


@pytest.fixture
def surface(opened, segmentation):
    return add_surface(opened.workspace, segmentation)


def open_page():
    app = AppTest.from_file(str(REPOSITORY / "sxt/ui/main.py"), default_timeout=30)
    app.switch_page(str(REPOSITORY / "pages/shares.py")).run()
    assert not app.exception
    return app


def texts(app):
    return [each.value for each in (*app.markdown, *app.caption)]


def labels(app):
    return [each.label for each in app.button]


def find(app, label):
    (button,) = [each for each in app.button if each.label == label]
    return button


def test_an_empty_workspace_leads_to_the_surface(opened):
    app = open_page()
    assert any("nothing to share yet" in each for each in texts(app))
    assert "Make link" not in labels(app)


def test_a_link_is_made_from_the_selected_segmentations_surface(opened, surface, segmentation):
    app = open_page()
    assert app.text_input[0].value == segmentation.name
    find(app, "Make link").click().run()
    assert not app.exception
    (share,) = opened.workspace.shares.list()
    assert (share.surface_id, share.segmentation_id) == (surface.id, segmentation.id)
    assert any("3D view of cell surfaces" in each for each in texts(app))
    assert [each.value for each in app.code] == [f"/share/{share.token}"] * 2


def test_a_segmentation_without_a_surface_is_shared_as_slices(opened, segmentation):
    app = open_page()
    assert any("has no surface yet" in each for each in texts(app))
    find(app, "Make link").click().run()
    (share,) = opened.workspace.shares.list()
    assert (share.surface_id, share.segmentation_id) == (None, segmentation.id)
    assert describe_item(opened.workspace, share) == "slices of cell · membrane:1"


def test_a_link_is_revoked(opened, surface):
    share = opened.workspace.shares.create(title="Look", by="local user", surface_id=surface.id)
    app = open_page()
    find(app, "Revoke this link").click().run()
    assert not app.exception
    assert opened.workspace.shares.look_up(share.token) is None
    assert "Revoke this link" not in labels(app)
    assert any("revoked just now" in each for each in texts(app))
    assert opened.workspace.activity.read(limit=1)[0].who == "local user"


def test_other_peoples_links_show_on_request(opened, surface):
    opened.workspace.shares.create(title="mine", by="local user", surface_id=surface.id)
    opened.workspace.shares.create(title="theirs", by="bob", surface_id=surface.id)
    app = open_page()
    assert "**mine**" in texts(app)
    assert "**theirs**" not in texts(app)
    next(each for each in app.button_group if each.key == "sxt-shares-whose").set_value("Everybody's").run()
    shown = texts(app)
    assert {"**mine**", "**theirs**"} <= set(shown)
    assert any("by bob" in each for each in shown)


def test_links_that_do_not_work_can_be_left_out(opened, surface):
    shares = opened.workspace.shares
    shares.create(title="still", by="local user", surface_id=surface.id)
    shares.create(
        title="over",
        by="local user",
        surface_id=surface.id,
        now=utc_now() - timedelta(days=9),
        expires_after=timedelta(days=7),
    )
    app = open_page()
    assert {"**still**", "**over**"} <= set(texts(app))
    next(each for each in app.button_group if each.key == "sxt-shares-state").set_value("Open").run()
    assert "**over**" not in texts(app)
    assert "**still**" in texts(app)


def test_the_state_of_a_link_follows_its_item(opened, surface):
    workspace = opened.workspace
    share = workspace.shares.create(title="a", by="ada", surface_id=surface.id)
    assert state_of(workspace, share) == "open"
    workspace.delete("surface", surface.id, by="ada", force=True)
    assert state_of(workspace, share) == "item deleted"
    assert describe_item(workspace, share) == "3D view, deleted since"
    workspace.restore(workspace.trash.list()[0].id, by="ada")
    assert state_of(workspace, share) == "open"
    assert state_of(workspace, workspace.shares.revoke(share.token, by="ada")) == "revoked"


def test_names_and_notes_are_not_markdown(opened, surface):
    opened.workspace.rename("surface", surface.id, HOSTILE, by="eve")
    opened.workspace.shares.create(title=HOSTILE, note=HOSTILE, by="local user", surface_id=surface.id)
    app = open_page()
    assert [each.value for each in app.text] == [HOSTILE]  # not rendered at all
    shown = "\n".join(texts(app))
    assert "![i]" not in shown
    assert "<b>" not in shown.replace("\\<b\\>", "")
    assert ":red[" not in shown
    assert "漢字" in shown


def test_surfaces_of_the_same_name_are_told_apart(opened, segmentation):
    add_surface(opened.workspace, segmentation)
    add_surface(opened.workspace, segmentation)
    items = list_shareable(opened.workspace, segmentation)
    assert [each.surface_id is None for each in items] == [False, False, True]
    assert all("made 20" in each.label for each in items[:2])
