"""The dashboard behind nginx as ``docs/deploy.md`` says: prefix, https, uploads, WebSocket, shared links."""

import base64
import datetime
import hashlib
import ipaddress
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, ConsoleMessage
from websockets.sync.client import connect

from tests.conftest import REPOSITORY
from tests.e2e.conftest import CHROMIUM, CHROMIUM_ARGUMENTS, find_free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
TOKEN = "a-token-that-is-long-enough"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
MB = 1 << 20

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="there is no nginx on this machine")


@dataclass(frozen=True)
class Proxy:
    """Where nginx answers, and whom to trust for it."""

    base: str
    certificate: Path


@pytest.fixture(scope="module")
def proxy(start_server, tmp_path_factory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("nginx")
    server = start_server(
        REPOSITORY / "app.py",
        environment={"SXT_WORKSPACE": str(folder / "workspace"), "SXT_TOKEN": TOKEN},
        options=("--server.baseUrlPath", "sxt"),
    )
    port = find_free_port()
    make_certificate(folder)
    (folder / "nginx.conf").write_text(configure(folder, port, upstream=server.removesuffix("/sxt")))
    process = subprocess.Popen(
        [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "log")]
    )
    found = Proxy(f"https://127.0.0.1:{port}/sxt", folder / "sxt.pem")
    try:
        wait_until_up(found)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=10)


def configure(folder: Path, port: int, *, upstream: str) -> str:
    """Return the documented configuration with this machine's addresses in it."""
    (documented,) = re.findall(r"```nginx\n(.*?)```", (REPOSITORY / "docs/deploy.md").read_text(), re.DOTALL)
    for text, replacement in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server_name sxt.example.org;": "server_name localhost;",
        "/etc/ssl/certs/sxt.pem": str(folder / "sxt.pem"),
        "/etc/ssl/private/sxt.key": str(folder / "sxt.key"),
        "http://127.0.0.1:8501;": f"{upstream};",
    }.items():
        assert documented.count(text) == 1
        documented = documented.replace(text, replacement)
    places = "".join(
        f"{name}_temp_path {folder / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off;\nworker_processes 1;\npid {folder / 'pid'};\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{documented}\n}}\n"
    )


def make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "sxt.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "sxt.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def wait_until_up(proxy: Proxy) -> None:
    for _ in range(100):
        try:
            requests.get(proxy.base + "/", verify=proxy.certificate, timeout=2)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("nginx did not start")


@pytest.fixture
def session(proxy) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # a certificate bundle in the environment would go first
        session.verify = str(proxy.certificate)
        yield session


def test_the_login_works_below_the_prefix_and_its_cookie_is_secure(session, proxy):
    page = session.get(f"{proxy.base}/segment?x=1", headers={"Accept": "text/html"}, timeout=10)
    assert page.status_code == 401
    assert 'action="/sxt/login"' in page.text
    form = {"token": TOKEN, "next": "/sxt/segment?x=1"}
    origin = {"Origin": proxy.base.removesuffix("/sxt")}
    answer = session.post(f"{proxy.base}/login", data=form, headers=origin, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sxt/segment?x=1")
    assert "; Path=/sxt;" in answer.headers["set-cookie"]
    assert answer.headers["set-cookie"].endswith("; Secure")
    assert session.get(f"{proxy.base}/segment", timeout=10).status_code == 200
    assert session.get(f"{proxy.base}/api/health", timeout=10).json()["status"] == "ok"


def test_the_address_without_a_slash_leads_in(session, proxy):
    answer = session.get(proxy.base, headers=AUTH, allow_redirects=False, timeout=10)
    assert answer.status_code == 301
    assert answer.headers["location"].endswith("/sxt/")


def test_a_large_piece_goes_through(session, proxy):
    content = bytes(range(256)) * (80 * MB // 256)
    files = [{"name": "cell.mrc", "size": len(content)}]
    begun = session.post(
        f"{proxy.base}/api/uploads", json={"name": "cell.mrc", "files": files}, headers=AUTH, timeout=10
    ).json()
    address = f"{proxy.base}/api/uploads/{begun['id']}"
    sent = session.put(f"{address}?offset=0", data=content, headers=AUTH, timeout=60)
    assert sent.json() == {"received": len(content)}
    again = session.put(f"{address}?offset=5", data=b"x", headers=AUTH, timeout=10)
    assert (again.status_code, again.json()["received"]) == (409, len(content))
    assert session.get(address, headers=AUTH, timeout=10).json()["is_complete"]


def test_pages_of_other_sites_are_told_apart_behind_the_proxy(session, proxy):
    for origin in ("https://evil.example", "https://127.0.0.1", "null"):
        answer = session.post(f"{proxy.base}/api/uploads", headers=AUTH | {"Origin": origin}, timeout=10)
        assert answer.status_code == 403


def test_shared_links_that_do_not_work_are_plain_here_too(session, proxy):
    answer = session.get(f"{proxy.base}/share/{'x' * 32}", timeout=10)
    assert (answer.status_code, answer.text) == (404, "Not found")


@pytest.fixture
def trusting_browser(browser: Browser, proxy) -> Iterator[Browser]:
    """A browser that takes nginx's certificate for a valid one.

    Overlooking its error instead makes Chromium send each request again, and now and then one too often, which ends
    in ERR_TOO_MANY_RETRIES.
    """
    certificate = x509.load_pem_x509_certificate(proxy.certificate.read_bytes())
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    trusting = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*CHROMIUM_ARGUMENTS, f"--ignore-certificate-errors-spki-list={pin}"]
    )
    yield trusting
    trusting.close()


def test_the_dashboard_opens_in_a_browser(trusting_browser: Browser, proxy):
    page = trusting_browser.new_page()
    sockets, foreign, errors = [], [], []
    origin = proxy.base.removesuffix("/sxt")

    def note_error(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} {message.location.get('url', '')}")

    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("request", lambda request: foreign.append(request.url) if origin not in request.url else None)
    page.on("console", note_error)
    page.goto(f"{proxy.base}/?token={TOKEN}")
    page.locator('[data-testid="stAppViewContainer"] h1').first.wait_for()
    assert page.url.startswith(f"{proxy.base}/")
    assert sockets == [f"{origin.replace('https', 'wss')}/sxt/_stcore/stream"]
    assert [url for url in foreign if not url.startswith("data:")] == []
    assert errors == []


def test_the_websocket_passes(proxy):
    trust = ssl.create_default_context(cafile=proxy.certificate)
    address = proxy.base.replace("https", "wss") + "/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], additional_headers=AUTH, ssl=trust) as socket:
        assert socket.subprotocol == "streamlit"


def test_wrong_tokens_are_counted_for_the_browser_and_not_for_nginx(session, proxy):
    for _ in range(5):
        assert (
            session.get(f"{proxy.base}/", headers={"Authorization": "Bearer wrong"}, timeout=10).status_code
            == 401
        )
    limited = session.get(f"{proxy.base}/", headers=AUTH, timeout=10)
    assert limited.status_code == 429
    direct = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "10.1.2.3"}
    assert session.get(f"{proxy.base}/", headers=direct, timeout=10).status_code == 429
