"""Where to put the labels of points in a chart, so that few stand on one another."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["label_places"]

WIDTH, HEIGHT = 340.0, 280.0
"""The size, in pixels, a chart is taken to have; it is an estimate, and so are the sizes of letters."""
LETTER, LINE, MARKER = 7.0, 16.0, 16.0

Box = tuple[float, float, float, float]


def label_places(points: Sequence[tuple[float, float]], labels: Sequence[str]) -> list[str]:
    """For each point, on which side its label is least in the way, as plotly's `textposition`.

    Greedy, in the order given: each label takes the side that covers the fewest markers, labels and edges so far.

    Args:
        points: positions in the chart, from (0, 0) at the lower left to (1, 1).
        labels: texts, lines separated by `<br>`.

    Examples:
        >>> label_places([(0.5, 0.5), (0.5, 0.56)], ["a", "b"])
        ['bottom center', 'top center']
    """
    centres = [(x * WIDTH, y * HEIGHT) for x, y in points]
    taken = [_box(x, y, MARKER, MARKER) for x, y in centres]
    places = []
    for (x, y), label in zip(centres, labels, strict=True):
        options = _options(x, y, label)
        place = min(
            options, key=lambda side: sum(_overlap(options[side], box) for box in taken) + _outside(options[side])
        )
        taken.append(options[place])
        places.append(place)
    return places


def _options(x: float, y: float, label: str) -> dict[str, Box]:
    lines = label.split("<br>")
    wide, high = LETTER * max(map(len, lines)), LINE * len(lines)
    up, across = (MARKER + high) / 2, (MARKER + wide) / 2
    return {
        "top center": _box(x, y + up, wide, high),
        "bottom center": _box(x, y - up, wide, high),
        "middle right": _box(x + across, y, wide, high),
        "middle left": _box(x - across, y, wide, high),
    }


def _box(x: float, y: float, wide: float, high: float) -> Box:
    return x - wide / 2, x + wide / 2, y - high / 2, y + high / 2


def _overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[2], b[2]))


def _outside(box: Box) -> float:
    """The area that would be cut off, and more: a label cut off is worse than one half covered."""
    width, height = box[1] - box[0], box[3] - box[2]
    return 3 * (width * height - _overlap(box, (0.0, WIDTH, 0.0, HEIGHT)))
