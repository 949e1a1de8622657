"""One picture of all pictures, so that a look at the product is a look at one file."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, TALLEST, PADDING, CAPTION = 460, 900, 18, 26


def contact_sheet(pictures: list[Path], target: Path, columns: int = 4, width: int = WIDTH) -> None:
    """Scale the pictures to one width, set them in rows with their names, write one PNG."""
    tiles = [_tile(path, width) for path in pictures]
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new(
        "RGB", (columns * (width + PADDING) + PADDING, sum(heights) + PADDING * (len(rows) + 1)), "#8794A8"
    )
    top = PADDING
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            sheet.paste(tile, (PADDING + column * (width + PADDING), top))
        top += height + PADDING
    sheet.save(target)


def _tile(path: Path, width: int) -> Image.Image:
    with Image.open(path) as picture:
        scaled = picture.convert("RGB").resize((width, round(picture.height * width / picture.width)))
    height = min(scaled.height, TALLEST * width // WIDTH)
    tile = Image.new("RGB", (width, height + CAPTION), "#17202E")
    tile.paste(scaled.crop((0, 0, width, height)), (0, CAPTION))
    ImageDraw.Draw(tile).text((8, 6), path.stem, fill="#FFFFFF", font=ImageFont.load_default(13))
    return tile
