import subprocess
import sys
import tomllib

from tests.layers import REPOSITORY


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
    assert config["server"]["fileWatcherType"] == "none"
    assert config["theme"]["base"] == "dark"
