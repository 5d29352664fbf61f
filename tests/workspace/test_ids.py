import pytest

from sxt.errors import InputError
from sxt.workspace.ids import check_id, is_id, is_token, new_id, new_token


def test_ids_are_random_and_have_their_own_form():
    drawn = {new_id(lambda _: False) for _ in range(200)}
    assert len(drawn) == 200
    assert all(is_id(each) and check_id(each) == each for each in drawn)


def test_an_id_that_is_taken_is_drawn_anew():
    seen = []

    def is_taken(drawn: str) -> bool:
        seen.append(drawn)
        return len(seen) < 3

    assert new_id(is_taken) == seen[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../../etcet",
        "abcdefghi",
        "abcdefghijk",
        "ABCDEFGHIJ",
        "abcdefgh/j",
        "abcdefghi\n",
        "äbcdefghij",
        1,
        None,
    ],
)
def test_anything_else_is_no_id(text):
    assert not is_id(text)
    with pytest.raises(InputError, match="is not an id"):
        check_id(text)


def test_a_token_has_192_bits():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(is_token(each) and len(each) == 32 for each in tokens)
    assert not is_token(new_token() + "=")
    assert not is_token("../" + new_token()[3:])
