import re

from sxt.ui.help.keys import LABEL_TABLE_FILE, TABLE_FILE, label_keys, viewer_keys

NAMES = {
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
    "PageUp": "Page up",
    "PageDown": "Page down",
}


def handled_keys():
    """The keys that the viewer's script answers to."""
    script = TABLE_FILE.with_name("80_mount.js").read_text()
    table = script.split("const actions = {")[1].split("\n  };")[0]
    return [quoted or plain for quoted, plain in re.findall(r'(?:"([^"]+)"|(\w+)): \(\) =>', table)]


def test_every_key_the_viewer_answers_to_is_listed():
    handled = handled_keys()
    assert {"o", "g", "?", ",", "]", "PageUp", "End"} <= set(handled)
    listed = [part for keys, _ in viewer_keys() for part in re.split(r" · | ", keys)]
    whole = " · ".join(keys for keys, _ in viewer_keys())
    assert [
        key for key in handled if NAMES.get(key, key) not in listed and NAMES.get(key, key) not in whole
    ] == []


def test_no_row_of_the_viewers_table_is_lost():
    block = TABLE_FILE.read_text().split("const KEYS = [")[1].split("];\n")[0]
    assert len(viewer_keys()) == block.count('["')
    assert ("g", "go to a slice") in viewer_keys()


def test_no_row_of_the_label_canvas_is_lost():
    block = LABEL_TABLE_FILE.read_text().split("const LABEL_KEYS = [")[1].split("];\n")[0]
    assert len(label_keys()) == block.count('["')
    assert ("k", "protect other classes") in label_keys()
