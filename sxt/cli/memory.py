"""Memory settings of the process, made before torch is imported."""

import os


def use_huge_pages() -> None:
    """Let torch back large arrays with transparent huge pages; call before torch is imported.

    Page faults otherwise cost up to half of the time of a slice on a CPU. A value the user has set stays.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
