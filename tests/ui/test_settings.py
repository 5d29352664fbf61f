from pathlib import Path

import pytest

from sxt.errors import SettingsError
from sxt.ui.settings import read_settings


def test_without_an_environment_the_workspace_lies_here_and_no_login_is_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = read_settings({})
    assert settings.workspace == tmp_path / "workspace"
    assert settings.data_dirs == ()
    assert (settings.token, settings.scheduler) == (None, None)
    assert settings.upload_limit_bytes == 500 * 10**9
    assert settings.allowed_users == ()


def test_everything_can_be_set():
    settings = read_settings(
        {
            "SXT_WORKSPACE": "/srv/sxt",
            "SXT_DATA_DIRS": "/data/a b:/data/c: :~",
            "SXT_TOKEN": " secret ",
            "SXT_SCHEDULER": "tcp://gpu7:8786",
            "SXT_UPLOAD_LIMIT_GB": "0.5",
            "SXT_ALLOWED_USERS": "ada@lab.org, @cells.org,",
        }
    )
    assert settings.workspace == Path("/srv/sxt")
    assert settings.data_dirs == (Path("/data/a b"), Path("/data/c"), Path.home())
    assert settings.token == "secret"
    assert settings.scheduler == "tcp://gpu7:8786"
    assert settings.upload_limit_bytes == 500_000_000
    assert settings.allowed_users == ("ada@lab.org", "@cells.org")


def test_what_is_empty_counts_as_not_set():
    names = ("WORKSPACE", "DATA_DIRS", "TOKEN", "SCHEDULER", "UPLOAD_LIMIT_GB", "ALLOWED_USERS")
    assert read_settings({f"SXT_{name}": "  " for name in names}) == read_settings({})


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf", "ten", "1e400"])
def test_a_limit_that_is_no_size_is_refused(limit):
    with pytest.raises(SettingsError, match=f"SXT_UPLOAD_LIMIT_GB is '{limit}'; give a number of gigabytes"):
        read_settings({"SXT_UPLOAD_LIMIT_GB": limit})
