import pytest

from sxt.errors import InputError
from sxt.ui.models.curves import MOST_POINTS, read_curves


def write(tmp_path, text):
    path = tmp_path / "curves.csv"
    path.write_text(text)
    return path


def test_the_numbers_of_a_table_are_read(tmp_path):
    table = read_curves(write(tmp_path, "step,loss,note\n1,0.5,a\n2,0.25,b\n"))
    assert list(table.columns) == ["step", "loss"]
    assert table["loss"].tolist() == [0.5, 0.25]


def test_long_curves_are_thinned_out(tmp_path):
    n_rows = 3 * MOST_POINTS + 1
    lines = "\n".join(f"{step},{step / 7}" for step in range(n_rows))
    table = read_curves(write(tmp_path, f"step,loss\n{lines}\n"))
    assert MOST_POINTS // 2 < len(table) <= MOST_POINTS
    assert table["step"].iloc[0] == 0


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "cannot be read"),
        ("a,b\n1,2,3\n1,2\n4,5,6,7,8\n", "cannot be read"),
        ("step\n1\n", "hold no numbers"),
        ("step,loss\n", "hold no numbers"),
        ("step,loss\na,b\n", "hold no numbers"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path, text, match):
    with pytest.raises(InputError, match=match):
        read_curves(write(tmp_path, text))


def test_a_huge_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("sxt.ui.models.curves.MOST_BYTES", 10)
    with pytest.raises(InputError, match="export them"):
        read_curves(write(tmp_path, "step,loss\n1,2\n"))
