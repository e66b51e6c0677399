"""Odoo's log: entries out of lines, and which of them are acceptable in a test run."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HEAD = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ "
    r"(?P<level>[A-Z]+) (?P<database>\S+) (?P<logger>[\w.\-]+): (?P<text>.*)"
)
LOUD = {"WARNING", "ERROR", "CRITICAL"}

#: Loud lines that are not about this addon: (logger, start of the text, reason). Kept short.
ACCEPTED: tuple[tuple[str, str, str], ...] = ()

#: What Odoo's test runner itself says of failed tests; those are counted one by one already.
OF_THE_RUNNER = (
    re.compile(r"odoo\.(addons\.\w+\.tests\.\S+|tests\.suite) (FAIL|ERROR): "),
    re.compile(r"odoo\.modules\.loading Module \w+: \d+ failures, \d+ errors of \d+ tests"),
    re.compile(r"odoo\.tests\.result \d+ failed, \d+ error\(s\) of \d+ tests"),
    re.compile(r"odoo\.\S+ At least one test failed"),
)


class Entry(NamedTuple):
    """One log entry, with the lines that continue it."""

    level: str
    logger: str
    text: str


def entries(lines: Iterable[str]) -> Iterator[Entry]:
    """Parse lines; output of other programs before the first entry is left out."""
    current: Entry | None = None
    for line in lines:
        if head := HEAD.match(line.rstrip("\n")):
            if current:
                yield current
            current = Entry(head["level"], head["logger"], head["text"])
        elif current:
            current = current._replace(text=f"{current.text}\n{line.rstrip()}")
    if current:
        yield current


def is_accepted(entry: Entry) -> bool:
    """Whether a loud entry is on the list of accepted ones, or repeats a failed test."""
    if any(pattern.match(f"{entry.logger} {entry.text}") for pattern in OF_THE_RUNNER):
        return True
    return any(
        entry.logger == logger and entry.text.startswith(start) for logger, start, _why in ACCEPTED
    )
