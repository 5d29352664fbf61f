import sys
import types

from tests.jobs.conftest import wait_for


def test_workers_start_whatever_script_a_page_left_as_main_module(queue, tmp_path, monkeypatch):
    """Streamlit leaves the script of the page it ran last as the main module."""
    script = tmp_path / "page.py"
    script.write_text("raise SystemExit('a page ran in a worker')")
    page = types.ModuleType("__main__")
    page.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", page)
    job = queue.submit("probe", {"how": "dies once"}, by="ada")
    done = wait_for(queue, job, "done", "failed")
    assert (done.state, done.manifest.worker_deaths) == ("done", 1)
