import subprocess
import sys

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sxt.ui.shell import GROUPS, PAGES_DIR, has_page, list_entries, page_file
from tests.layers import REPOSITORY

MAIN = REPOSITORY / "sxt/ui/main.py"


@pytest.fixture
def pages_dir(tmp_path):
    for name in ("home", "viewer", "models", "notes"):
        (tmp_path / f"{name}.py").write_text(f"import streamlit as st\nst.title('{name}')\n")
    return tmp_path


def test_the_navigation_has_three_groups():
    titles = {group: [entry.title for entry in entries] for group, entries in GROUPS.items()}
    assert titles == {
        "Data": ["Home", "Upload", "Viewer"],
        "Work": ["Segment", "Surface", "Label", "Train", "Metrics"],
        "Lab": ["Models", "Shares", "Jobs", "Help"],
    }


def test_only_pages_that_exist_are_listed(pages_dir):
    found = {group: [entry.name for entry in entries] for group, entries in list_entries(pages_dir).items()}
    assert found == {"Data": ["home", "viewer"], "Lab": ["models"]}


def test_every_page_file_is_in_the_navigation():
    known = {entry.name for entries in GROUPS.values() for entry in entries}
    assert {path.stem for path in PAGES_DIR.glob("*.py")} <= known
    assert page_file("home").is_file()
    assert not has_page("home")  # nothing is to be gone to where no navigation was set up


def test_the_dashboard_opens_with_the_bar_over_the_page(opened):
    app = AppTest.from_file(str(MAIN), default_timeout=30).run()
    assert not app.exception
    assert [each.placeholder for each in app.selectbox[:2]] == ["No tomogram yet", "Not segmented yet"]
    assert app.selectbox[2].options == ["CPU"]
    assert app.title[0].value


def test_the_bar_lists_the_tomograms_of_the_workspace(opened, tmp_path):
    np.save(tmp_path / "cell.npy", np.random.default_rng(0).normal(100, 20, (4, 20, 24)).astype(np.uint8))
    tomogram = opened.workspace.import_tomogram(tmp_path / "cell.npy", name="cell µ", by="ada")
    app = AppTest.from_file(str(MAIN), default_timeout=30).run()
    assert not app.exception
    assert app.selectbox[0].options == ["cell µ"]
    assert app.query_params["tomogram"] in (tomogram.id, [tomogram.id])


def test_pages_without_models_do_not_load_torch(opened):
    program = (
        "import sys; from sxt.ui.choices import list_choices; from sxt.ui.services import services; "
        "from sxt.ui.shell import PageEntry; "
        "list_choices(services(), PageEntry('viewer', 'Viewer')); print('torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={"SXT_WORKSPACE": str(opened.workspace.root), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.strip() == "False"


def anatomy():
    import streamlit as st

    from sxt.ui.shell import empty_state, page_columns, page_head, primary_button

    page_head("Segment", "Find structures.")
    columns = page_columns()
    with columns.controls:
        st.text("controls")
        primary_button("Segment 3 tomograms", key="go", disabled=True, reason="Choose a tomogram first.")
    with columns.result:
        empty_state(
            "There is *nothing* yet.", action="Begin", on_click=lambda: st.session_state.update(begun=1)
        )
        empty_state("Nor here.", action="Look for notes", page="no_such_page", key="second")


def test_a_page_has_a_head_two_columns_and_a_main_action():
    app = AppTest.from_function(anatomy).run()
    assert not app.exception
    assert app.title[0].value == "Segment"
    assert app.caption[0].value == "Find structures."
    assert [column.weight for column in app.columns] == pytest.approx([1 / 3, 2 / 3])
    assert app.columns[0].text[0].value == "controls"
    assert app.button(key="go").disabled
    assert app.button(key="go").help == "Choose a tomogram first."


def test_an_empty_state_offers_the_next_step_only_where_there_is_one():
    app = AppTest.from_function(anatomy).run()
    assert [each.label for each in app.button] == ["Segment 3 tomograms", "Begin"]
    assert app.columns[1].markdown[0].value == r"There is \*nothing\* yet\."
    app.button[1].click().run()
    assert app.session_state["begun"] == 1
