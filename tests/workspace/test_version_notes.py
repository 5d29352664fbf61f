import pytest

from sxt.errors import InputError
from sxt.workspace.version_notes import LONGEST_NOTE, NOTES_FILE, find_note, write_note

SHA = "a" * 64


def test_a_note_says_who_left_it_and_when(workspace):
    assert find_note(workspace, "membrane:1", SHA) is None
    write_note(workspace, "membrane:1", SHA, "  Best on yeast – µ.\nNot on bacteria. ", by="ada")
    write_note(workspace, "membrane:2", SHA, "Other", by="bob")
    found = find_note(workspace, "membrane:1", SHA)
    assert (found.text, found.who) == ("Best on yeast – µ.\nNot on bacteria.", "ada")
    assert found.when.tzinfo is not None
    (entry,) = workspace.activity.read(item_id="membrane:1")
    assert (entry.action, entry.who, entry.kind) == ("noted on", "ada", "model")


def test_a_note_is_replaced_and_removed(workspace):
    for text in ("first", "second"):
        write_note(workspace, "membrane:1", SHA, text, by="ada")
    assert find_note(workspace, "membrane:1", SHA).text == "second"
    write_note(workspace, "membrane:1", SHA, " ", by="ada")
    assert find_note(workspace, "membrane:1", SHA) is None
    assert workspace.activity.read(item_id="membrane:1", limit=1)[0].action == "removed the note on"


def test_a_note_speaks_of_these_weights_alone(workspace):
    write_note(workspace, "membrane:1", SHA, "good", by="ada")
    assert find_note(workspace, "membrane:1", "b" * 64) is None


def test_what_cannot_be_kept_or_read_is_named(workspace):
    with pytest.raises(InputError, match="has 2001 characters; 2000 are the most"):
        write_note(workspace, "membrane:1", SHA, "x" * (LONGEST_NOTE + 1), by="ada")
    (workspace.models_root / NOTES_FILE).write_text('{"membrane:1": 3}')
    with pytest.raises(InputError, match=r"notes on model versions in .* cannot be read"):
        find_note(workspace, "membrane:1", SHA)
