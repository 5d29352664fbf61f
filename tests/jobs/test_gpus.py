import subprocess
import sys

from sxt.jobs import gpus


def test_without_a_driver_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(gpus, "DRIVER", tmp_path / "version")
    assert gpus.count_gpus() == 0


def test_the_count_is_asked_of_another_process(monkeypatch, tmp_path):
    (tmp_path / "version").write_text("")
    monkeypatch.setattr(gpus, "DRIVER", tmp_path / "version")
    for program, count in (("print(3)", 3), ("raise SystemExit(1)", 0), ("print()", 0)):
        monkeypatch.setattr(gpus, "PROBE", program)
        assert gpus.count_gpus() == count


def test_importing_the_jobs_imports_no_heavy_library():
    heavy = {"torch", "vtkmodules", "streamlit", "distributed", "zarr"}
    program = f"import sys, sxt.jobs; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
