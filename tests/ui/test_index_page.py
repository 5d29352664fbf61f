from starlette.applications import Starlette
from starlette.testclient import TestClient

from sxt.ui.index_page import index_routes, render_index


def test_the_document_says_where_addresses_begin():
    document = render_index("/sxt")
    assert 'BACKEND_BASE_URL: location.origin + "/sxt"' in document
    assert document.index("window.__streamlit") < document.index('type="module"')
    assert "<title>sxt</title>" in document


def test_root_and_pages_have_it_and_other_addresses_do_not():
    client = TestClient(Starlette(routes=index_routes(prefix="/lab/")))
    for path in ("/lab/", "/lab/viewer", "/lab/help"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert 'location.origin + "/lab"' in answer.text
        assert answer.headers["cache-control"] == "no-cache"
    assert client.get("/lab/secret").status_code == 404
    assert client.get("/viewer").status_code == 404


def test_a_prefix_cannot_end_the_script():
    assert "</script><b>" not in render_index("/</script><b>").replace("</script><link", "")
