"""Upload a sparse file over loopback and watch the server's memory.

``python benchmarks/upload.py --gb 2``: starts the dashboard's routes behind their access check, streams the file with
one connection, samples the server's resident memory every 50 ms, and says rate and peak.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
TOKEN = "a-token-for-the-benchmark"
PIECE_BYTES = 8 << 20
SAMPLE_S = 0.05
START_LIMIT_S = 60
STEADY_LIMIT_S, STEADY_S, N_STEADY = 90, 3.0, 4
MB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=2.0, help="size of the file (default: 2)")
    parser.add_argument(
        "--piece-mb", type=float, default=PIECE_BYTES / MB, help="sent in one request; 0 for all in one"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        source = Path(folder) / "sparse.mrc"
        with source.open("wb") as stream:
            stream.truncate(int(arguments.gb * (1 << 30)))
        report = measure(source, Path(folder) / "workspace", int(arguments.piece_mb * MB))
    print(json.dumps(report, indent=2))


def measure(source: Path, workspace: Path, piece_bytes: int) -> dict[str, float]:
    """Upload ``source`` to a fresh server and return sizes in MB, seconds and rates."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=REPOSITORY,
        env=os.environ | {"SXT_WORKSPACE": str(workspace), "SXT_TOKEN": TOKEN},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_up(port)
        before = wait_until_steady(server.pid)
        samples: list[float] = []
        is_over = threading.Event()
        watcher = threading.Thread(target=watch, args=(server.pid, samples, is_over))
        watcher.start()
        start = time.perf_counter()
        stored = upload(source, port, piece_bytes or source.stat().st_size)
        seconds = time.perf_counter() - start
        is_over.set()
        watcher.join()
        is_whole = stored["received"] == source.stat().st_size and stored["is_complete"]
        return {
            "file_mb": source.stat().st_size / MB,
            "is_whole": is_whole,
            "seconds": round(seconds, 2),
            "mb_per_s": round(source.stat().st_size / MB / seconds, 1),
            "server_mb_before": round(before, 1),
            "server_mb_peak": round(max(samples), 1),
            "server_mb_after": round(resident_mb(server.pid), 1),
            "samples": len(samples),
        }
    finally:
        server.terminate()
        server.wait()


def upload(source: Path, port: int, piece_bytes: int) -> dict[str, object]:
    """Send a file piece by piece over one connection; return what the server says of it."""
    size = source.stat().st_size
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    begun = ask(
        connection,
        "POST",
        "/api/uploads",
        {"name": source.name, "files": [{"name": source.name, "size": size}]},
    )
    address = f"/api/uploads/{begun['id']}"
    with source.open("rb") as stream:
        for offset in range(0, size, piece_bytes):
            length = min(piece_bytes, size - offset)
            connection.putrequest("PUT", f"{address}?offset={offset}")
            connection.putheader("Authorization", f"Bearer {TOKEN}")
            connection.putheader("Content-Length", str(length))
            connection.endheaders()
            left = length
            while left:
                block = stream.read(min(MB, left))
                connection.send(block)
                left -= len(block)
            response = connection.getresponse()
            answer = response.read()
            if response.status != 200:
                raise SystemExit(f"The server answered {response.status}: {answer.decode()}")
    return ask(connection, "GET", address)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, content: object = None
) -> dict[str, object]:
    body = None if content is None else json.dumps(content)
    connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}"})
    return json.loads(connection.getresponse().read())


def watch(pid: int, samples: list[float], is_over: threading.Event) -> None:
    while not is_over.is_set():
        samples.append(resident_mb(pid))
        is_over.wait(SAMPLE_S)


def wait_until_steady(pid: int) -> float:
    """Wait until the server has imported all it needs; return its memory then, in MB."""
    samples = [resident_mb(pid)]
    deadline = time.monotonic() + STEADY_LIMIT_S
    while time.monotonic() < deadline:
        time.sleep(STEADY_S)
        samples.append(resident_mb(pid))
        if len(samples) > N_STEADY and max(samples[-N_STEADY:]) - min(samples[-N_STEADY:]) < 1:
            break
    return samples[-1]


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def wait_until_up(port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
