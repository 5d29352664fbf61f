import os

import sxt
from sxt.ui.routes.health import health_routes


def test_a_server_that_works_says_so(client_of, workspace):
    facts = client_of(health_routes(lambda: workspace)).get("/api/health").json()
    assert facts["status"] == "ok"
    assert facts["version"] == sxt.__version__
    assert facts["free_bytes"] > 0


def test_a_workspace_that_cannot_be_written_is_reported(client_of, workspace, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    response = client_of(health_routes(lambda: workspace, prefix="/sxt")).get("/sxt/api/health")
    assert response.status_code == 503
    assert response.json()["status"] == "the workspace cannot be written"
