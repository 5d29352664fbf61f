import subprocess
import sys

import pytest

from tests.layers import (
    GPU_NODE_PACKAGES,
    GPU_NODE_PARTS,
    RANKS,
    REPOSITORY,
    find_violations,
    list_imports,
    list_sources,
    module_name,
    part_of,
)
from tests.requirements import import_names_of, read_pins


@pytest.mark.parametrize("path", list_sources(), ids=module_name)
def test_a_module_keeps_to_its_layer(path):
    source = path.read_text(encoding="utf-8")
    violations = find_violations(source, module=module_name(path), is_package=path.name == "__init__.py")
    assert violations == []


def test_the_checker_reads_the_whole_program():
    names = {module_name(path) for path in list_sources()}
    assert {
        "app",
        "pages.home",
        "sxt",
        "sxt.errors",
        "sxt.cli.main",
        "sxt.ui.main",
        "sxt.models.registry",
    } <= names
    assert {part_of(name) for name in names} <= set(RANKS)


@pytest.mark.parametrize(
    ("module", "source", "sentence"),
    [
        ("sxt.io.tiff", "import sxt.surface", "imports sxt.surface, which is not below sxt.io"),
        (
            "sxt.io.tiff",
            "from sxt.cli.terminal import ProgressBar",
            "imports sxt.cli.terminal, which is not below",
        ),
        ("sxt.io.tiff", "from sxt import models", "imports sxt.models, which is not below sxt.io"),
        (
            "sxt.io.tiff",
            "def f():\n    from ..jobs import queue",
            "line 2 imports sxt.jobs, which is not below",
        ),
        ("sxt.io.tiff", "from .. import segment", "imports sxt.segment, which is not below sxt.io"),
        (
            "sxt.io.tiff",
            "if TYPE_CHECKING:\n    from sxt.train import Loop",
            "imports sxt.train, which is not below",
        ),
        ("sxt.network.layers", "import sxt.io", "imports sxt.io, which is not below sxt.network"),
        ("sxt.jobs.queue", "import sxt.ui.main", "imports sxt.ui.main, which is not below sxt.jobs"),
        ("sxt.ui.main", "import pages.home", "imports pages.home, which is not below sxt.ui"),
        ("sxt.errors", "import sxt.files", "imports sxt.files, which is not below sxt.errors"),
        ("sxt.io.tiff", "from sxt.helpers import f", "imports sxt.helpers, which belongs to no layer"),
        ("sxt.helpers", "import os", "belongs to no layer"),
        ("sxt", "from sxt.io import read_tomogram", "imports sxt.io for everyone"),
        ("sxt", "import numpy", "imports numpy for everyone"),
        ("sxt.surface.mesh", "import streamlit as st", "imports streamlit outside the dashboard"),
        (
            "sxt.workspace.manifest",
            "def f():\n    import streamlit",
            "line 2 imports streamlit outside the dashboard",
        ),
        ("pages.home", "import torch.nn", "imports torch in a page"),
        ("pages.home", "def f():\n    import torch", "line 2 imports torch in a page"),
        ("sxt.segment.tiles", "import mrcfile", "imports mrcfile at module level"),
        ("sxt.metrics.curves", "from numba import njit", "imports numba at module level"),
        (
            "sxt.models.weights",
            "try:\n    import safetensors\nexcept ImportError: pass",
            "safetensors at module level",
        ),
        ("sxt.train.loop", "class A:\n    import pydantic", "imports pydantic at module level"),
        ("sxt.segment.tiles", "def f():\n    import tqdm", "line 2 imports tqdm outside the command line"),
        ("sxt.io.tiff", "print('x')", "line 1 prints"),
        ("sxt.cli.info", "print('x')", "line 1 prints"),
        ("sxt.io.tiff", "import os\nx = os.environ['A']", "line 2 reads the environment"),
        ("sxt.io.tiff", "import os\nx = os.getenv('A')", "line 2 reads the environment"),
        ("sxt.jobs.queue", "from os import environ", "line 1 reads the environment"),
        ("sxt.io.tiff", "import pickle", "imports pickle, which unpickles"),
        ("sxt.jobs.queue", "from cloudpickle import loads", "imports cloudpickle, which unpickles"),
        ("sxt.models.weights", "import torch\ntorch.load('x')", "line 2 uses torch.load, which pickles"),
        ("sxt.models.weights", "from torch import load", "line 1 imports torch.load or torch.save"),
        ("sxt.io.npy", "import numpy as np\nnp.load('x', allow_pickle=True)", "line 2 allows pickle"),
        ("sxt.io.npy", "import numpy as np\nnp.load('x', allow_pickle=flag)", "line 2 allows pickle"),
        ("sxt.io.npy", "from numpy import *", "line 1 imports *"),
    ],
)
def test_a_planted_violation_is_found(module, source, sentence):
    (found,) = find_violations(source, module=module)
    assert found.startswith(f"{module}")
    assert sentence in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "sxt.segment.tiles",
            "import torch, numpy, scipy.ndimage, skimage.io, tifffile, os.path, sxt.models",
        ),
        ("sxt.segment.tiles", "def f():\n    import mrcfile"),
        ("sxt.segment.tiles", "if TYPE_CHECKING:\n    import mrcfile"),
        ("sxt.segment.tiles", "from . import blend\nfrom .blend import f\nfrom ..errors import SxtError"),
        ("sxt.cli.segment", "import os\nos.environ.get('A')\nimport tqdm\nfrom sxt.segment import f"),
        ("sxt.ui.main", "import streamlit\nimport sxt.jobs"),
        ("sxt", "def __getattr__(name):\n    from sxt.io import read_tomogram"),
        ("sxt.io.npy", "import numpy as np\nnp.load('x', allow_pickle=False)\nimport mrcfile\nimport os"),
        ("sxt.io.npy", "from sxt import __version__"),
        ("pages.home", "import streamlit\nimport sxt.ui.shell"),
    ],
)
def test_what_is_allowed_is_not_blamed(module, source):
    assert find_violations(source, module=module) == []


def test_imports_inside_functions_and_for_types_count_as_lazy():
    for_types = "if TYPE_CHECKING:\n    import b\nelse:\n    import c\n"
    source = f"import a\n{for_types}def f():\n    import d\nasync def g():\n    import e\n"
    lazy = {each.module: each.is_lazy for each in list_imports(source, module="sxt.io.x", is_package=False)}
    assert lazy == {"a": False, "b": True, "c": False, "d": True, "e": True}


def test_the_gpu_parts_import_where_nothing_else_is_installed():
    allowed = {"scikit-image", "numpy", "scipy", "tifffile", "torch"}
    absent = {
        name for pin in read_pins("requirements.txt") if pin not in allowed for name in import_names_of(pin)
    }
    assert {"h5py", "mrcfile", "safetensors", "streamlit"} <= absent
    assert not absent & GPU_NODE_PACKAGES
    there = [
        part for part in GPU_NODE_PARTS if (REPOSITORY / part.replace(".", "/") / "__init__.py").is_file()
    ]
    program = f"""
import importlib, sys
for name in {sorted(absent)!r}:
    sys.modules[name] = None
for part in {there!r}:
    importlib.import_module(part)
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
