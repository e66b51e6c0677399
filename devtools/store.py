"""The pictures of the store page: small copies of the guides' pictures, and the banner."""

import io
from pathlib import Path

from PIL import Image

from devtools.paths import ROOT

FOLDER = ROOT / "static" / "description"
WIDTH = 960  # pixels, as wide as the store shows it
COLOURS = 256  # with all of them the files are three times as large
BANNER = ROOT / "devtools" / "banner.html"
BANNER_SIZE = (1120, 560)  # twice the store's own, for sharp letters


def copy(picture: Path) -> None:
    """Put a small copy of a guide's picture beside the page."""
    with Image.open(picture) as image:
        height = round(image.height * WIDTH / image.width)
        save(image.convert("RGB").resize((WIDTH, height), Image.LANCZOS), picture.name)


def draw_banner(picture: bytes) -> None:
    """Cut the banner out of a picture of `banner.html`."""
    with Image.open(io.BytesIO(picture)) as image:
        save(image.convert("RGB").crop((0, 0, *BANNER_SIZE)), "banner.png")


def save(image: Image.Image, name: str) -> None:
    """Write a picture with few colours."""
    how = {"method": Image.Quantize.MAXCOVERAGE, "kmeans": 5, "dither": Image.Dither.NONE}
    few = image.quantize(COLOURS, **how)  # so that a red bar stays red, and grey is not violet
    few.save(FOLDER / name, optimize=True)
