import shlex
import subprocess
import sys
import tomllib

import pytest
from streamlit.testing.v1 import AppTest

from sxt.cli.main import COMMANDS
from tests.layers import REPOSITORY


@pytest.fixture
def home(opened):
    app = AppTest.from_file(str(REPOSITORY / "sxt/ui/main.py"), default_timeout=30).run()
    assert not app.exception
    return app


def test_home_opens_on_its_title(home):
    assert [each.value for each in home.title] == ["sxt"]


def test_home_says_that_the_dashboard_is_to_come(home):
    assert home.info[0].value.startswith("The dashboard is to come.")


def test_home_names_only_commands_that_exist(home):
    (code,) = home.code
    lines = [shlex.split(line) for line in code.value.splitlines() if "sxt" in line]
    assert len(lines) == 4
    assert all(words[:3] == ["python", "-m", "sxt"] for words in lines)
    assert {words[3] for words in lines} <= {each.name for each in COMMANDS}


def test_the_page_stands_alone_when_opened_first():
    page = AppTest.from_file(str(REPOSITORY / "pages/home.py"), default_timeout=30).run()
    assert not page.exception
    assert [each.value for each in page.title] == ["sxt"]


def test_the_entry_point_is_an_app_over_the_navigation_script():
    program = (
        "import app, pathlib; print(type(app.app).__name__, pathlib.Path(app.app.script_path).resolve())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.split() == ["App", str(REPOSITORY / "sxt/ui/main.py")]


def test_the_dashboard_is_private_dark_and_sends_no_statistics():
    config = tomllib.loads((REPOSITORY / ".streamlit/config.toml").read_text())
    assert config["server"]["address"] == "127.0.0.1"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["theme"]["base"] == "dark"
