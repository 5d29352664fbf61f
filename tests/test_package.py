import subprocess
import sys

import pytest

import sxt


def test_public_names_are_found_where_they_live():
    from sxt.io import read_tomogram
    from sxt.models import load_model
    from sxt.surface import reconstruct_surfaces

    assert sxt.read_tomogram is read_tomogram
    assert sxt.load_model is load_model
    assert sxt.reconstruct_surfaces is reconstruct_surfaces
    assert callable(sxt.segment)
    assert set(sxt.__all__) <= {*dir(sxt), "load_model", "read_tomogram", "reconstruct_surfaces", "segment"}


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'segmentation'"):
        sxt.segmentation  # noqa: B018


def test_importing_the_package_imports_no_heavy_library():
    code = "import sys, sxt; print(sorted({'torch', 'numpy', 'vtk', 'pandas'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
