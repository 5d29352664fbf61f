import argparse
import os
import pty
import subprocess
import sys

import pytest

from sxt.cli.terminal import parse_voxel_size

SHOW_PROGRESS = """
from sxt.cli.terminal import ProgressBar
from sxt.progress import Progress
with ProgressBar() as progress:
    for done in range(4):
        progress(Progress("segment", done, 3, "The tile was halved." if done == 2 else ""))
    progress(Progress("write", 3, 3))
"""


def test_terminal_shows_stage_count_rate_and_notes():
    reader, writer = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", SHOW_PROGRESS], stdin=writer, stdout=writer, stderr=writer, check=True
    )
    os.close(writer)
    text = b""
    try:
        while part := os.read(reader, 65536):
            text += part
    except OSError:  # the other end of a pseudo terminal is closed
        os.close(reader)
    shown = text.decode()
    assert "segment: 100%" in shown
    assert "3/3" in shown
    assert "it/s" in shown
    assert "The tile was halved." in shown
    assert "write: 100%" in shown


def test_without_a_terminal_only_the_notes_are_written():
    result = subprocess.run([sys.executable, "-c", SHOW_PROGRESS], capture_output=True, text=True, check=True)
    assert result.stderr == "The tile was halved.\n"
    assert result.stdout == ""


def test_voxel_size_is_one_number_or_three():
    assert parse_voxel_size("20,10,10.5") == (20, 10, 10.5)
    assert parse_voxel_size("12") == (12, 12, 12)


@pytest.mark.parametrize("text", ["", "0", "1,2", "a,b,c", "nan", "10,-1,10", "inf"])
def test_voxel_size_that_is_none_says_how_to_write_it(text):
    with pytest.raises(argparse.ArgumentTypeError, match="give Z,Y,X in nm"):
        parse_voxel_size(text)
