from tests.layers import REPOSITORY

ALLOWED = REPOSITORY / "sxt" / "ui" / "fragment.py"


def test_every_fragment_has_a_place_of_its_own():
    sources = [*(REPOSITORY / "sxt" / "ui").rglob("*.py"), *(REPOSITORY / "pages").glob("*.py")]
    users = [path for path in sources if "st.fragment" in path.read_text(encoding="utf-8")]
    assert users == [ALLOWED]
