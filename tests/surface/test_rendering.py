import threading
import time

import pytest

from sxt.errors import Cancelled, ResourceError
from sxt.progress import CancelToken
from sxt.surface.rendering import check_rendering, run_apart


def test_this_machine_can_draw():
    check_rendering()


def test_a_process_ended_by_a_signal_names_the_packages():
    with pytest.raises(ResourceError, match=r"signal 11.*apt-get install -y libegl1 libgl1"):
        run_apart(["-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"])


def test_a_process_that_fails_shows_its_last_words():
    with pytest.raises(ResourceError, match=r"Drawing failed \(ValueError: no such colour\)"):
        run_apart(["-c", "raise ValueError('no such colour')"])


def test_cancelling_ends_the_process():
    cancel = CancelToken()
    threading.Timer(0.3, cancel.cancel).start()
    start = time.perf_counter()
    with pytest.raises(Cancelled):
        run_apart(["-c", "import time; time.sleep(60)"], cancel=cancel)
    assert time.perf_counter() - start < 10
