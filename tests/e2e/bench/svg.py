"""A small writer of curves: a logarithmic axis of sizes, an axis of figures that begins at 0."""

from html import escape

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 40, 50
COLORS = ("#4269d0", "#d1495b", "#2b8a3e")


def draw(title: str, unit: str, sizes: list[int], curves: dict[str, list[float]]) -> str:
    """Return an SVG of some curves over the same sizes, which lie a power of ten apart."""
    top = max(figure for figures in curves.values() for figure in figures) * 1.15 or 1
    marks = [top * part / 4 for part in range(5)]
    body = [
        _text(WIDTH / 2, 22, title, "middle", 15),
        _text(WIDTH / 2, HEIGHT - 10, "subscriptions", "middle"),
        *(_rule(mark / top, f"{mark:,.0f}") for mark in marks),
        *(
            _text(_x(sizes, number), HEIGHT - 28, f"{size:,}", "middle")
            for number, size in enumerate(sizes)
        ),
        *(
            _curve(sizes, [figure / top for figure in figures], color)
            for figures, color in zip(curves.values(), COLORS, strict=False)
        ),
        *(
            _text(WIDTH - RIGHT, TOP + 14 * number + 10, f"{name} ({unit})", "end", 12, color)
            for number, (name, color) in enumerate(zip(curves, COLORS, strict=False))
        ),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            ' font-family="sans-serif">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def _x(sizes: list[int], number: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (number + 0.5) / len(sizes)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _text(x, y, text: str, anchor: str, size: int = 12, color: str = "#333") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}"'
        f' fill="{color}">{escape(text)}</text>'
    )


def _rule(share: float, label: str) -> str:
    y = _y(share)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>'
        + _text(LEFT - 6, y + 4, label, "end")
    )


def _curve(sizes: list[int], shares: list[float], color: str) -> str:
    points = [(_x(sizes, number), _y(share)) for number, share in enumerate(shares)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>' + "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in points
    )
