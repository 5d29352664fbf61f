"""How fast the page Label answers in a browser: from the end of a stroke to its labels on disk, and to the next slice.

``python benchmarks/labelling.py [--side 1024]``: starts the dashboard over a workspace of its own with a tomogram of
noise, draws on it with headless Chromium, and prints one JSON report of medians and maxima in ms.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "benchmarks")]

import numpy as np
from dashboard import ARGUMENTS, CHROMIUM, new_page, start_server
from playwright.sync_api import Page, sync_playwright

from sxt.labels import SliceKey
from sxt.workspace import Workspace

N_SLICES, N_STROKES, N_STEPS = 24, 30, 20

READY = """() => {
  const walk = (root) => {
    for (const each of root.querySelectorAll("*")) {
      if (each.classList?.contains("viewer") && each.viewer) return each.viewer;
      const found = each.shadowRoot && walk(each.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  globalThis.canvas = walk(document);
  return Boolean(globalThis.canvas?.currentSlice);
}"""

WATCH_STROKE = """() => {
  globalThis.stroke = new Promise((resolve) => {
    addEventListener("pointerup", () => {
      const began = performance.now();
      const look = () => {
        const isSaved = canvas.slices.waiting === 0 && !canvas.currentSlice.pending && canvas.currentSlice.state.n_undo;
        if (isSaved && performance.now() > began) resolve(performance.now() - began); else setTimeout(look, 1);
      };
      setTimeout(look, 1);
    }, { capture: true, once: true });
  });
}"""

NEXT_SLICE = """async (key) => {
  const before = canvas.currentSlice, began = performance.now();
  canvas.root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  while (!canvas.currentSlice || canvas.currentSlice === before) await new Promise((done) => setTimeout(done, 1));
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=1024, help="of a slice, in pixels (default: 1024)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace")
        tomogram = bring_in(workspace, Path(folder), arguments.side)
        server = start_server(workspace.root)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                page = new_page(browser)
                page.goto(f"{server.address}/label?tomogram={tomogram}")
                page.wait_for_function(READY)
                report = {"next slice": step(page), "stroke": draw(page)}
                browser.close()
        finally:
            os.killpg(server.process.pid, signal.SIGTERM)
            server.process.wait()
        labels = workspace.find_labels(tomogram)
        assert labels is not None
        keys = [SliceKey("z", z) for z in range(N_SLICES)]
        assert sum(labels.state(key).n_undo for key in keys) == N_STROKES, "a stroke was lost"
    print(json.dumps(report, indent=2))


def bring_in(workspace: Workspace, folder: Path, side: int) -> str:
    """Bring in noise and return the tomogram's id."""
    values = np.random.default_rng(0).integers(0, 255, (N_SLICES, side, side), np.uint8)
    np.save(folder / "noise.npy", values)
    return workspace.import_tomogram(
        folder / "noise.npy", name="noise", by="benchmark", voxel_size_nm=(10.0,) * 3, absorbing_is="dark"
    ).id


def step(page: Page) -> dict[str, float]:
    """Go from slice to slice, there and back."""
    keys = ["ArrowRight"] * (N_STEPS // 2) + ["ArrowLeft"] * (N_STEPS // 2)
    return summarise([page.evaluate(NEXT_SLICE, key) for key in keys])


def draw(page: Page) -> dict[str, float]:
    """Draw strokes and wait for each to be saved."""
    box = page.locator(".pane canvas").first.bounding_box()
    assert box is not None
    rng, times = np.random.default_rng(1), []
    for _ in range(N_STROKES):
        page.evaluate(WATCH_STROKE)
        points = rng.uniform(0.3, 0.7, (4, 2)) * (box["width"], box["height"]) + (box["x"], box["y"])
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=5)
        page.mouse.up()
        times.append(page.evaluate("() => globalThis.stroke"))
    return summarise(times)


def summarise(times_ms: list[float]) -> dict[str, float]:
    return {"median_ms": round(statistics.median(times_ms), 1), "longest_ms": round(max(times_ms), 1)}


if __name__ == "__main__":
    main()
