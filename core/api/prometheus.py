"""Writes figures as Prometheus reads them: text format, version 0.0.4."""

from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Family(NamedTuple):
    """Figures of one kind.

    :param str name: without the addon's prefix
    :param str kind: `counter`, `gauge` or `histogram`
    :param str meaning: for people, one line
    :param list samples: of each figure what is added to the name, its labels, its value
    """

    name: str
    kind: str
    meaning: str
    samples: list


def write_families(families):
    """Return the text of all families, in their order."""
    return "".join(line for family in families for line in _lines(family))


def _lines(family):
    name = f"fusion_billing_{family.name}"
    yield f"# HELP {name} {family.meaning}\n# TYPE {name} {family.kind}\n"
    for suffix, labels, value in family.samples:
        told = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
        yield f"{name}{suffix}{{{told}}} {value}\n" if told else f"{name}{suffix} {value}\n"


def _escape(text):
    return str(text).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
