"""Make the README's picture from what ``make demo`` wrote: ``python scripts/make_picture.py``."""

from pathlib import Path

from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
HEIGHT_PX = 640


def main() -> None:
    demo = REPOSITORY / "demo"
    with Image.open(demo / "segmentation" / "overview.png") as overview:
        middle = overview.convert("RGB").crop(_middle_column(overview.width, overview.height))
    with Image.open(demo / "surfaces" / "snapshot.png") as snapshot:
        scene = snapshot.convert("RGB")
    parts = [
        part.resize((round(part.width * HEIGHT_PX / part.height), HEIGHT_PX)) for part in (middle, scene)
    ]
    picture = Image.new("RGB", (sum(part.width for part in parts), HEIGHT_PX))
    left = 0
    for part in parts:
        picture.paste(part, (left, 0))
        left += part.width
    (REPOSITORY / "docs").mkdir(exist_ok=True)
    picture.quantize(256).save(REPOSITORY / "docs" / "overview.png", optimize=True)


def _middle_column(width: int, height: int) -> tuple[int, int, int, int]:
    """The second of the overview's three columns, which lie with a gap of 6 px between them."""
    column = (width - 12) // 3
    return (column + 6, 0, 2 * column + 6, height)


if __name__ == "__main__":
    main()
