"""Run what draws in a process of its own, so that missing graphics libraries end in a sentence and not in a crash."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from sxt.errors import ResourceError
from sxt.progress import CancelToken

LIBRARIES_REMEDY = "install the graphics libraries with: apt-get install -y libegl1 libgl1"
PACKAGE_ROOT = Path(__file__).resolve().parents[2]
"""Where ``sxt`` is imported from; paths given to the process are absolute."""

POLL_S = 0.05
MAX_MESSAGE = 300
PROBE = (
    "from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLRenderWindow as _;"
    "from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow;"
    "window = vtkRenderWindow(); window.SetOffScreenRendering(1); window.SetSize(8, 8);"
    "window.AddRenderer(vtkRenderer()); window.Render()"
)


@cache
def check_rendering() -> None:
    """Try once whether this machine can draw off screen.

    Raises
    ------
    ResourceError
        Where it cannot, with the packages to install.

    Notes
    -----
    Without EGL or GL libraries VTK ends its process with a segmentation fault; hence the separate process.
    """
    run_apart(["-c", PROBE])


def run_apart(arguments: Sequence[str], *, cancel: CancelToken | None = None) -> None:
    """Run Python with some arguments in a process of its own and wait for it.

    Raises
    ------
    ResourceError
        Where the process was ended by a signal, as happens without graphics libraries, or failed.
    Cancelled
        Where ``cancel`` was set; the process is ended first.
    """
    token = cancel or CancelToken()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=PACKAGE_ROOT, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            while process.poll() is None:
                token.raise_if_cancelled()
                time.sleep(POLL_S)
        finally:
            process.kill()
            process.wait()
        errors.seek(0)
        _check_exit(process.returncode, errors.read())


def _check_exit(return_code: int, errors: str) -> None:
    if return_code < 0:
        raise ResourceError(
            f"Nothing can be drawn on this machine (the drawing process ended by signal {-return_code}); "
            f"{LIBRARIES_REMEDY}."
        )
    if return_code > 0:
        last_line = next((line for line in reversed(errors.splitlines()) if line.strip()), "no message")
        raise ResourceError(
            f"Drawing failed ({last_line.strip()[:MAX_MESSAGE]}); if graphics libraries are missing, "
            f"{LIBRARIES_REMEDY}."
        )
