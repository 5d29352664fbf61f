import subprocess
import sys

import psutil

from tests.jobs.conftest import wait_until

WATCHER = """
import os, time
from sxt.jobs.worker_setup import dask_setup
dask_setup(None)
print(os.getpid(), flush=True)
time.sleep(600)
"""

PARENT = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {WATCHER!r}])
os.read(0, 1)
os._exit(0)
"""


def test_a_worker_ends_with_the_process_it_belongs_to():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    parent.communicate("x")
    wait_until(lambda: not psutil.pid_exists(pid), "the end of the worker")
