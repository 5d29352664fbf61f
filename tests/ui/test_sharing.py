from datetime import timedelta

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sxt.ui import sharing
from sxt.ui.sharing import describe_access, describe_share, is_local
from sxt.workspace import Camera, SceneView
from sxt.workspace.clock import utc_now
from tests.ui.items import add_segmentation, add_tomogram
from tests.ui.lab_items import add_surface

CAMERA = Camera(position=(1, 2, 3), focal_point=(0, 0, 0), view_up=(0, 0, 1))
VIEW = SceneView(camera=CAMERA, colour_by="class", planes={"z": 3, "y": None}, visible=(1, 2))
SHAPE = (4, 16, 20)


@pytest.fixture
def surface(opened, tmp_path):
    tomogram = add_tomogram(opened.workspace, tmp_path, np.zeros(SHAPE, "u1") + 7)
    segmentation = add_segmentation(opened.workspace, tomogram, np.ones(SHAPE, "u1"))
    return add_surface(opened.workspace, segmentation)


def page():
    import streamlit as st

    from sxt.ui.sharing import share_form

    share_form(
        surface_id=st.session_state.get("surface_id"),
        segmentation_id=None,
        view=st.session_state.get("view"),
        default_title=st.session_state.get("title", "Cell 7"),
        key="share",
    )


def open_form(**state):
    app = AppTest.from_function(page, default_timeout=20)
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def make_link(app):
    (button,) = app.button
    assert button.label == "Make link"
    button.click().run()
    assert not app.exception
    return app


def test_a_link_is_made_for_thirty_days_with_what_the_form_says(opened, surface):
    app = open_form(surface_id=surface.id, view=VIEW)
    assert app.text_input[0].value == "Cell 7"
    app.text_area[0].input("Look at *this*\nand that")
    make_link(app)
    (share,) = opened.workspace.shares.list()
    assert (share.title, share.note, share.surface_id) == ("Cell 7", "Look at *this*\nand that", surface.id)
    assert share.view == VIEW
    assert share.created_by == "local user"
    assert share.expires_at - share.created_at == timedelta(days=30)
    assert app.code[0].value.endswith(f"/share/{share.token}")
    assert f"{share.expires_at:%Y-%m-%d}" in app.success[0].value


@pytest.mark.parametrize(("label", "days"), [("7 days", 7), ("90 days", 90), ("1 year", 365)])
def test_the_expiry_can_be_chosen(opened, surface, label, days):
    app = open_form(surface_id=surface.id)
    app.button_group[0].set_value(label)
    make_link(app)
    (share,) = opened.workspace.shares.list()
    assert (share.expires_at - share.created_at).days == days


def test_a_link_without_a_title_is_refused_in_words(opened, surface):
    app = open_form(surface_id=surface.id)
    app.text_input[0].input("   ")
    make_link(app)
    assert opened.workspace.shares.list() == []
    assert "its title has 1 to 200 characters" in app.error[0].value
    assert not app.code


def test_a_long_title_is_cut_to_what_a_share_may_have(opened, surface):
    make_link(open_form(surface_id=surface.id, title="x" * 300))
    assert len(opened.workspace.shares.list()[0].title) == 200


def test_a_link_vanishes_from_the_form_when_it_is_revoked(opened, surface):
    app = make_link(open_form(surface_id=surface.id))
    opened.workspace.shares.revoke(opened.workspace.shares.list()[0].token, by="ada")
    app.run()
    assert not app.code


def test_without_anything_to_share_there_is_no_form(opened):
    app = open_form()
    assert not app.button
    assert app.caption[0].value == "There is nothing to share yet."


def test_the_form_says_who_sees_what():
    said = describe_access(has_surface=True, has_view=True)
    assert "3D view and the measurements, first from the view you have now" in said
    assert said.endswith("it needs no account.")
    assert "slices in false colour" in describe_access(has_surface=False, has_view=False)


def test_a_share_stands_open_expired_or_revoked(opened, surface):
    shares, now = opened.workspace.shares, utc_now()
    share = shares.create(title="a", by="ada", surface_id=surface.id)
    assert describe_share(share) == f"open until {share.expires_at:%Y-%m-%d}"
    old = shares.create(
        title="b",
        by="ada",
        surface_id=surface.id,
        now=now - timedelta(days=9),
        expires_after=timedelta(days=7),
    )
    assert describe_share(old) == f"expired on {old.expires_at:%Y-%m-%d}"
    assert describe_share(shares.revoke(share.token, by="ada")) == "revoked just now"


class Context:
    def __init__(self, url, headers):
        self.url, self.headers = url, headers


@pytest.mark.parametrize(
    ("url", "headers", "origin"),
    [
        ("https://sxt.lab.org/sxt/shares", {}, "https://sxt.lab.org"),
        ("http://127.0.0.1:8501", {}, "http://127.0.0.1:8501"),
        (None, {"Host": "gpu:8501"}, "http://gpu:8501"),
        (None, {}, ""),
    ],
)
def test_a_link_begins_as_the_browser_reaches_the_server(monkeypatch, url, headers, origin):
    monkeypatch.setattr(sharing.st, "context", Context(url, headers))
    monkeypatch.setattr(sharing, "base_path", lambda: "/sxt")
    assert sharing.share_link("abc") == f"{origin}/sxt/share/abc"


@pytest.mark.parametrize(
    ("link", "local"),
    [
        ("http://127.0.0.1:8501/share/a", True),
        ("http://localhost/share/a", True),
        ("http://[::1]:8501/share/a", True),
        ("https://sxt.lab.org/share/a", False),
        ("/share/a", False),
    ],
)
def test_links_of_this_machine_alone_are_told(link, local):
    assert is_local(link) is local
