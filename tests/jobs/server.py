"""A server that only runs the queue of a workspace: ``python -m tests.jobs.server ROOT``; it ends when stdin closes."""

import sys

from sxt.jobs import JobQueue
from sxt.workspace import Workspace
from tests.jobs.kinds import TEST_KINDS


def main() -> None:
    with JobQueue(Workspace(sys.argv[1]), n_gpus=0, kinds=TEST_KINDS):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
