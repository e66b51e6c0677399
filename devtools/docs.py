"""`./dev docs`: writes those parts of the guides that repeat the declarations of the API.

Each stands between `<!-- generated: NAME -->` and `<!-- end -->`. `./dev lint` names those that are
not what would be written.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from core.api import codes
from core.api.endpoints import ALL, GROUPS
from core.api.events import EVENTS
from core.api.usage_event import READERS
from devtools.console import say
from devtools.paths import ROOT

GUIDES = (ROOT / "docs" / "api.md", ROOT / "docs" / "webhooks.md")
PART = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.S)


def write() -> None:
    """Write all generated parts anew."""
    for guide in GUIDES:
        guide.write_text(generated(guide.read_text()))
        say(f"{guide.relative_to(ROOT)} is up to date")


def stale() -> Iterator[Path]:
    """The guides that `write` would change."""
    return (guide for guide in GUIDES if generated(guide.read_text()) != guide.read_text())


def generated(text: str) -> str:
    """Return a guide's text with its generated parts as they should be."""
    return PART.sub(lambda part: f"{part[1]}\n{make(part[2])}\n\n{part[3]}", text)


def make(name: str) -> str:
    """Return one part; `event TYPE` is a table of fields."""
    kind, _space, argument = name.partition(" ")
    return MAKERS[kind](*filter(None, [argument]))


def endpoints() -> str:
    rows = [
        (f"`{one.verb} {one.path}`", one.summary, f"`{one.scope}`" if one.scope else "no key")
        for group in GROUPS
        for one in group.ENDPOINTS
    ]
    return table(("endpoint", "", "scope"), rows)


def errors() -> str:
    """All codes by status: those that have a row of their own, and those of the fields."""
    known = [(one.status, f"`{code}`", one.about) for code, one in codes.CODES.items()]
    told = {codes.status_of(code) for one in ALL for code in one.codes if code not in codes.CODES}
    fields = [(status, "`invalid_<field>`", codes.ANY_FIELD) for status in told]
    return table(
        ("status", "code", "what it means"), sorted(known + fields, key=lambda row: row[0])
    )


def usage_event() -> str:
    rows = [
        (f"`{name}`", "required" if one.is_required else "", one.about)
        for name, one in READERS.items()
    ]
    return table(("field", "", ""), rows)


def event(event_type: str) -> str:
    [data] = [one.data for one in EVENTS if one.type == event_type]
    return table(("field", "", ""), list(rows_of(data)))


def rows_of(schema: dict, above: str = "") -> Iterator[tuple]:
    """The rows of an object's fields; those of an object in it come after it, by their path."""
    for name, field in schema["properties"].items():
        yield f"`{above}{name}`", kind_of(field), field.get("description", "")
        inner, path = (field["items"], f"{name}[].") if "items" in field else (field, f"{name}.")
        if "properties" in inner:
            yield from rows_of(inner, above + path)


def kind_of(field: dict) -> str:
    """Return what a value is, in words."""
    text = "decimal" if "pattern" in field else field.get("format", "text")
    names = {"array": "list", "string": text.replace("date-time", "time")}
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    kind = " or ".join(names.get(one, one) for one in types)
    some = [f"`{one}`" for one in field.get("enum", ()) if one is not None]
    return f"{kind}: {', '.join(some)}" if some else kind


def table(head: tuple, rows: list) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(one) for one in line)} |" for line in lines)


MAKERS: dict[str, Callable[..., str]] = {
    "endpoints": endpoints,
    "errors": errors,
    "usage-event": usage_event,
    "event": event,
}
