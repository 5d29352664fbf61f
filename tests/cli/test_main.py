import argparse
import json
import runpy
import subprocess
import sys
import types

import pytest

from sxt.cli import main
from sxt.cli.main import COMMANDS
from sxt.cli.terminal import ProgressBar, parse_voxel_size
from sxt.errors import Cancelled, InputError
from sxt.progress import Progress
from tests.layers import REPOSITORY


@pytest.fixture
def command(monkeypatch):
    """A stand-in for the module behind ``info``; its ``run`` can be replaced."""
    module = types.ModuleType("sxt.cli.info")
    module.add_arguments = lambda parser: parser.add_argument("file")
    module.run = lambda arguments: {"file": arguments.file, "slices": 3}
    module.describe = lambda result: f"{result['file']}: {result['slices']} slices\n"
    monkeypatch.setitem(sys.modules, "sxt.cli.info", module)
    return module


def raises(error):
    def run(arguments):
        raise error

    return run


def test_a_result_is_described_for_a_person(command, capsys):
    assert main(["info", "a.tif"]) == 0
    assert capsys.readouterr() == ("a.tif: 3 slices\n", "")


def test_json_prints_the_result_alone(command, capsys):
    assert main(["info", "a.tif", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"file": "a.tif", "slices": 3}
    assert out.endswith("}\n")
    assert err == ""


def test_a_fault_is_one_sentence_and_exit_code_2(command, capsys):
    command.run = raises(InputError("The file is empty."))
    assert main(["info", "a.tif"]) == 2
    assert capsys.readouterr() == ("", "Error: The file is empty.\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Cancelled("stopped")])
def test_an_interruption_is_exit_code_130(command, capsys, error):
    command.run = raises(error)
    assert main(["info", "a.tif"]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Interrupted")


def test_a_fault_of_the_program_is_not_hidden(command):
    command.run = raises(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError, match="ours"):
        main(["info", "a.tif"])


def test_numbers_that_json_lacks_are_not_printed(command):
    command.run = lambda arguments: {"mean": float("nan")}
    with pytest.raises(ValueError, match="not JSON compliant"):
        main(["info", "a.tif", "--json"])


@pytest.mark.parametrize("words", [[], ["nonsense"], ["info"], ["info", "a.tif", "--nonsense"]])
def test_wrong_usage_is_exit_code_2(command, capsys, words):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: python -m sxt" in capsys.readouterr().err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(each.name in text for each in COMMANDS)


def test_only_the_module_of_the_command_called_is_imported(command, monkeypatch):
    for each in COMMANDS:
        if each.name != "info":
            monkeypatch.setitem(sys.modules, each.module_name, None)
    assert main(["info", "a.tif"]) == 0


def test_a_dash_in_a_command_is_an_underscore_in_its_module():
    names = {each.name: each.module_name for each in COMMANDS}
    assert names["import-weights"] == "sxt.cli.import_weights"


def test_running_the_package_runs_the_command_line(command, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sxt", "info", "b.tif"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("sxt", run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out == "b.tif: 3 slices\n"


def test_the_command_line_starts_without_the_heavy_libraries():
    heavy = ["torch", "numpy.testing", "vtk", "pyvista", "streamlit", "h5py", "skimage"]
    program = f"import sys, sxt.cli; print([name for name in {heavy!r} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "voxel_size_nm"),
    [("20,10,9.8", (20.0, 10.0, 9.8)), ("10", (10.0, 10.0, 10.0)), (" 1 , 2 , 3 ", (1.0, 2.0, 3.0))],
)
def test_a_voxel_size_is_three_numbers_or_one(text, voxel_size_nm):
    assert parse_voxel_size(text) == voxel_size_nm


@pytest.mark.parametrize("text", ["", "a", "1,2", "1,2,3,4", "0", "-1,2,3", "nan", "1,inf,1"])
def test_what_is_not_a_voxel_size_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a voxel size; give Z,Y,X in nm"):
        parse_voxel_size(text)


def test_where_no_terminal_is_only_notes_are_written(capsys):
    with ProgressBar() as bar:
        bar(Progress("read", 1, 2))
        bar(Progress("predict", 1, 4, note="The batch was halved."))
        bar(Progress("predict", 4, 4))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.strip() == "The batch was halved."
