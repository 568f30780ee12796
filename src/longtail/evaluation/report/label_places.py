"""Where to put the labels of points in a chart, so that few stand on one another."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["label_places"]

SIZE = 340.0, 280.0
"""Width and height, in pixels, a chart is taken to have; it is an estimate, and so are the sizes of letters."""
LETTER, LINE, MARKER, STROKE = 7.0, 16.0, 16.0, 6.0

Point = tuple[float, float]
Box = tuple[float, float, float, float]


def label_places(
    points: Sequence[tuple[float, float]],
    labels: Sequence[str],
    *,
    size: tuple[float, float] = SIZE,
    tolerance: float = math.inf,
    drawn: Sequence[tuple[Point, Point]] = (),
) -> list[str | None]:
    """For each point, on which side its label is least in the way, as plotly's `textposition`.

    Greedy, in the order given: each label takes the side that covers the fewest markers, labels and edges so far.

    Args:
        points: positions in the chart, from (0, 0) at the lower left to (1, 1).
        labels: texts, lines separated by `<br>`.
        size: width and height of the chart in pixels.
        drawn: upright or level lines between two positions, which labels should not stand on either.
        tolerance: the share of a label that may be in the way; one for which there is no such place gets None.

    Examples:
        >>> label_places([(0.5, 0.5), (0.5, 0.56)], ["a", "b"])
        ['bottom center', 'top center']
    """
    centres = [(x * size[0], y * size[1]) for x, y in points]
    taken = [_box(x, y, MARKER, MARKER) for x, y in centres]
    taken += [_along(start, end, size) for start, end in drawn]
    places: list[str | None] = []
    for (x, y), label in zip(centres, labels, strict=True):
        options = _options(x, y, label)
        costs = {
            side: sum(_overlap(box, other) for other in taken) + _outside(box, size) for side, box in options.items()
        }
        place = min(costs, key=costs.__getitem__)
        fits = costs[place] <= tolerance * _area(options[place])
        if fits:
            taken.append(options[place])
        places.append(place if fits else None)
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


def _along(start: Point, end: Point, size: tuple[float, float]) -> Box:
    """What a line takes up."""
    (left, right), (low, high) = (sorted(ends) for ends in zip(start, end, strict=True))
    half = STROKE / 2
    return left * size[0] - half, right * size[0] + half, low * size[1] - half, high * size[1] + half


def _overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[2], b[2]))


def _area(box: Box) -> float:
    return (box[1] - box[0]) * (box[3] - box[2])


def _outside(box: Box, size: tuple[float, float]) -> float:
    """The area that would be cut off, and more: a label cut off is worse than one half covered."""
    return 3 * (_area(box) - _overlap(box, (0.0, size[0], 0.0, size[1])))
