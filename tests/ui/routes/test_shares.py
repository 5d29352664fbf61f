from datetime import timedelta

import pytest

from sxt.ui.routes.share_page import format_cell
from sxt.ui.routes.shares import share_address, share_routes
from sxt.workspace.clock import utc_now

HOSTILE = '"><script>alert(1)</script><img src=//evil.example>'


@pytest.fixture
def client(client_of, workspace):
    return client_of(share_routes(lambda: workspace))


@pytest.fixture
def share(workspace, surface):
    return workspace.shares.create(
        title="Membranes of Zelle 7", note="Look at the\nupper half", by="Ada", surface_id=surface.id
    )


def test_the_page_says_everything_without_an_account(client, share, tomogram, surface):
    response = client.get(share_address(share.token))
    assert response.status_code == 200
    page = response.text
    assert "<h1>Membranes of Zelle 7</h1>" in page
    assert "Look at the\nupper half" in page
    assert f'src="/share/{share.token}/scene" sandbox="allow-scripts"' in page
    assert "Zelle 7 &lt;µ&gt;" in page
    assert f"sha256 {tomogram.sha256}" in page
    assert "membrane:1" in page
    assert "sha256 " + "b" * 64 in page
    assert "20 × 10 × 10 nm (z, y, x)" in page
    assert f"{share.expires_at:%B %Y}" in page
    assert "by Ada on" in page


def test_the_measurements_are_a_table_with_units(client, share):
    page = client.get(share_address(share.token)).text
    assert "Measurements of 2 components" in page
    assert "<th>volume, µm³</th>" in page
    assert "<td>0.482</td>" in page
    assert "<td>1\u2009230</td>" in page
    assert "<td>yes</td>" in page
    assert "<td>droplet</td>" in page
    assert "min" not in page.split("<thead>")[1].split("</thead>")[0]


def test_the_page_carries_no_script_and_asks_nothing_of_other_hosts(client, share):
    response = client.get(share_address(share.token))
    assert "<script" not in response.text
    assert "http:" not in response.text
    assert "https:" not in response.text
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-robots-tag"] == "noindex"


def test_everything_written_by_people_is_escaped(client, workspace, surface):
    workspace.rename("surface", surface.id, HOSTILE, by="eve")
    workspace.rename("tomogram", surface.tomogram_id, HOSTILE, by="eve")
    workspace.rename("segmentation", surface.segmentation_id, HOSTILE, by="eve")
    table = workspace.surfaces.path(surface.id) / "components.csv"
    table.write_text(f'id,"{HOSTILE.replace(chr(34), "")}"\n1,"{HOSTILE.replace(chr(34), "")}"\n')
    share = workspace.shares.create(title=HOSTILE, note=HOSTILE, by=HOSTILE, surface_id=surface.id)
    page = client.get(share_address(share.token)).text
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 8


def test_the_scene_runs_in_a_box_of_its_own(client, share):
    response = client.get(f"/share/{share.token}/scene")
    assert "scene" in response.text
    policy = response.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert response.headers["referrer-policy"] == "no-referrer"


def test_the_scene_and_the_table_can_be_saved(client, share):
    offline = client.get(f"/share/{share.token}/offline.html")
    assert 'filename="Membranes of Zelle 7.html"' in offline.headers["content-disposition"]
    assert "scene" in offline.text
    table = client.get(f"/share/{share.token}/measurements.csv")
    assert 'filename="Membranes of Zelle 7.csv"' in table.headers["content-disposition"]
    assert table.text.startswith("id,class,volume_um3")


def test_a_shared_segmentation_shows_its_picture(client, workspace, segmentation):
    share = workspace.shares.create(title="Slices", by="Ada", segmentation_id=segmentation.id)
    page = client.get(share_address(share.token)).text
    assert f'src="/share/{share.token}/overview.png"' in page
    assert "<iframe" not in page
    assert "threshold 0.5" in page
    assert client.get(f"/share/{share.token}/overview.png").content == b"\x89PNG overview"
    for part in ("scene", "offline.html", "measurements.csv"):
        assert client.get(f"/share/{share.token}/{part}").status_code == 404


def test_a_surface_alone_does_not_show_the_slices(client, share):
    assert client.get(f"/share/{share.token}/overview.png").status_code == 404


def test_a_surface_without_a_scene_says_so(client, share, surface, workspace):
    (workspace.surfaces.path(surface.id) / "scene.html").unlink()
    page = client.get(share_address(share.token)).text
    assert "There is no picture" in page
    assert "offline" not in page


def test_links_that_do_not_work_are_answered_alike(client, workspace, share, surface):
    revoked = workspace.shares.create(title="revoked", by="Ada", surface_id=surface.id)
    workspace.shares.revoke(revoked.token, by="Ada")
    expired = workspace.shares.create(
        title="expired", by="Ada", surface_id=surface.id, now=utc_now() - timedelta(days=31)
    )
    addresses = [
        share_address(revoked.token),
        share_address(expired.token),
        share_address("a" * 32),
        "/share/short",
        "/share/" + "a" * 500,
        "/share/..%2f..%2fetc",
        "/share/" + "%00" * 8,
        "/share/",
        f"/share/{share.token}/",
        f"/share/{share.token}/other",
        f"/share/{share.token}/scene/x",
        f"/share/{share.token}/manifest.json",
        f"/share/{revoked.token}/scene",
        f"/share/{expired.token}/offline.html",
        f"/share/{expired.token}/measurements.csv",
    ]
    answers = {(r.status_code, r.content, str(sorted(r.headers.items()))) for r in map(client.get, addresses)}
    assert len(answers) == 1
    assert next(iter(answers))[:2] == (404, b"Not found")


def test_a_share_of_what_was_deleted_is_gone_too(client, workspace, share, surface):
    workspace.delete("surface", surface.id, by="Ada", force=True)
    assert client.get(share_address(share.token)).status_code == 404


def test_a_share_can_only_be_read(client, share):
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, share_address(share.token)).status_code == 405


def test_addresses_on_the_page_have_the_servers_prefix(client_of, workspace, share):
    client = client_of(share_routes(lambda: workspace, prefix="/sxt"))
    page = client.get(share_address(share.token, prefix="/sxt")).text
    assert page.count(f'="/sxt/share/{share.token}/') == 3
    assert '="/share/' not in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.48231", "0.482"),
        ("482.4", "482"),
        ("1234.5", "1\u2009230"),
        ("1", "1"),
        ("12345678", "12\u2009345\u2009678"),
        ("-3", "\u22123"),
        ("True", "yes"),
        ("nan", "–"),
        ("inf", "–"),
        ("membrane", "membrane"),
        ("", ""),
    ],
)
def test_numbers_are_short(text, shown):
    assert format_cell(text) == shown
