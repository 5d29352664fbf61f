from pathlib import Path

import pytest

from sxt.ui.label.component import CanvasState, parse_canvas_state, scripts
from sxt.ui.viewer import ViewerState


def test_what_the_browser_tells_becomes_the_state():
    told = {"position": [1, 2, 3], "plane": "x", "n_labelled": 7, "n_reviewed": 2}
    assert parse_canvas_state(told) == CanvasState(ViewerState(position=(1, 2, 3), plane="x"), 7, 2)


@pytest.mark.parametrize("told", [None, "text", {}, {"n_labelled": "7", "n_reviewed": True}])
def test_what_is_of_another_form_counts_as_not_told(told):
    assert parse_canvas_state(told) == CanvasState(ViewerState())


def test_the_canvas_is_the_viewer_with_another_entry():
    text = [path.read_text(encoding="utf-8") for path in scripts()]
    assert sum(each.count("export default") for each in text) == 1
    assert [path.name for path in scripts()].count("90_entry.js") == 1


def test_every_tool_has_a_key_that_the_help_names():
    tools = Path(scripts()[-1]).with_name("40_tools.js").read_text(encoding="utf-8")
    block = tools[tools.index("const TOOLS") : tools.index("const LABEL_KEYS")]
    keys = [line.split('key: "')[1][0] for line in block.splitlines() if 'key: "' in line]
    assert len(keys) == len(set(keys)) == 11
    help_block = tools[tools.index("const LABEL_KEYS") : tools.index("function toolOf")]
    rows = [line.split('"')[1] for line in help_block.splitlines() if line.startswith("  [")]
    assert set(keys) <= {part.strip() for row in rows for part in row.split("·")}
