"""Pages run as the server runs them: through the navigation script, over a workspace of their own."""

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sxt.ui.services import Services
from sxt.workspace import SegmentationManifest, TomogramManifest
from tests.layers import REPOSITORY
from tests.ui.items import add_segmentation, add_tomogram
from tests.ui.viewer.conftest import ramp

SHAPE = (6, 40, 50)
RunPage = Callable[..., AppTest]


@pytest.fixture
def run_page(opened: Services) -> RunPage:
    """Run a page by its name, with a query; fails where the page raised."""

    def run(name: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(REPOSITORY / "sxt/ui/main.py"), default_timeout=60)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        app.switch_page(str(REPOSITORY / "pages" / f"{name}.py")).run()
        assert not app.exception
        return app

    return run


@pytest.fixture
def tomogram(opened: Services, tmp_path) -> TomogramManifest:
    return add_tomogram(
        opened.workspace, tmp_path, ramp(SHAPE), name="Zelle *7* <b>µ</b>", voxel_size_nm=(20, 10, 10)
    )


@pytest.fixture
def segmentation(opened: Services, tomogram: TomogramManifest) -> SegmentationManifest:
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:5, 10:30, 10:40] = 1
    mask[2:4, 15:20, 15:20] = 3
    return add_segmentation(opened.workspace, tomogram, mask)


def texts(app: AppTest) -> str:
    """Return all that a page says, in one text."""
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.title, app.subheader)
    return "\n".join(str(each.value) for kind in kinds for each in kind) + "\n".join(
        str(each.proto.body) for each in app.get("html")
    )


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


def press(app: AppTest, label: str) -> AppTest:
    """Press the button of a label."""
    (button,) = [each for each in app.button if each.label == label]
    app = button.click().run()
    assert not app.exception
    return app
