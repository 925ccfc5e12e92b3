"""Films as GIF: line drawings of a task, frame by frame."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ..core.errors import MissingExtra

WIDTH, FRAMES = 420, 120
_SHARP = 2  # drawn larger and reduced, because the drawing library does not smooth edges
_PAPER = "#fbfaf7"
_ROLES = {
    "ground": "#a9a79f", "body": "#3c4552", "limb": "#0a6cb0", "joint": "#1c2026", "goal": "#00805e",
    "accent": "#c97a00",
}  # fmt: skip


def gif(frames: Sequence[Sequence[Any]], world: Sequence[float], seconds: float) -> bytes:
    """An animation that repeats.

    Args:
        frames: of each moment its shapes, as ``Task.sketch`` gives them; at most 120 are drawn, evenly chosen.
        world: xmin, xmax, ymin, ymax of what is drawn.
        seconds: from one frame to the next, before any are left out; never played faster than 20 a second.

    Raises:
        MissingExtra: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw
    except ModuleNotFoundError:
        raise MissingExtra("pillow", "report", "films of findings") from None
    every = max(1, -(-len(frames) // FRAMES))
    xmin, xmax, ymin, ymax = world
    scale = WIDTH * _SHARP / (xmax - xmin)
    size = (WIDTH * _SHARP, _SHARP * max(1, round((ymax - ymin) * scale / _SHARP)))
    pictures: list[Any] = []
    for shapes in frames[::every]:
        picture = Image.new("RGB", size, _PAPER)
        pen = ImageDraw.Draw(picture)
        for shape in shapes:
            _draw(pen, shape, lambda x, y: ((x - xmin) * scale, (ymax - y) * scale), scale)
        pictures.append(picture.reduce(_SHARP))
    palette = _palette(pictures)
    pictures = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]
    out = io.BytesIO()
    wait = max(50, round(1000 * seconds * every))
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=wait, loop=0)
    return out.getvalue()


def _palette(pictures: Sequence[Any]) -> Any:
    """One palette for all: drawings have few colours, so mostly each is in it as it is."""
    from PIL import Image

    every = (picture.getcolors(picture.width * picture.height) for picture in pictures)
    colours = sorted({colour for found in every for _, colour in found})
    row = Image.new("RGB", (len(colours), 1))
    row.putdata(colours)
    return row.quantize(min(256, len(colours)))


def _draw(pen: Any, shape: Sequence[Any], place: Any, scale: float) -> None:
    colour = _ROLES.get(str(shape[-1]), _ROLES["body"])
    if shape[0] == "circle":
        x, y = place(shape[1], shape[2])
        radius = shape[3] * scale
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        return
    points = [(shape[1], shape[2]), (shape[3], shape[4])] if shape[0] == "line" else shape[1]
    width = shape[5] if shape[0] == "line" else shape[2]
    thick = max(_SHARP, round(width * scale))
    pen.line([place(x, y) for x, y in points], fill=colour, width=thick, joint="curve")
    for x, y in (place(*points[0]), place(*points[-1])) if shape[-1] != "body" else ():
        pen.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=colour)
