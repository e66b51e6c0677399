"""`fusion-usage`: usage from files.

exit status:
  0  all of it is stored (or, with --dry-run, nothing is wrong)
  1  billing refused rows: they are in FILE.refused.ndjson
  2  the command or the file is wrong: nothing was sent
  3  billing did not take all of it: run the same command again to go on
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .client import Client
from .errors import FusionError, PermissionDeniedError
from .push import Check, Push, check
from .rows import FileError
from .version import VERSION

STORED, REFUSED, WRONG, UNFINISHED, INTERRUPTED = 0, 1, 2, 3, 130
SUFFIXES = (".csv", ".ndjson", ".jsonl")


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    key = os.environ.get("FUSION_API_KEY")
    if not key or not options.url:
        return _fail("Set FUSION_API_KEY, and FUSION_URL or --url.")
    if options.file.suffix not in SUFFIXES:
        return _fail(f"The file must be one of {', '.join(SUFFIXES)}.")
    try:
        client = Client(options.url, key, attempts=10, database=options.database)
        return _push(client, options.file, options.dry_run)
    except (FileError, OSError, ValueError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        say("Interrupted: run the same command again to go on.")
        return INTERRUPTED


def _push(client: Client, path: Path, dry_run: bool) -> int:
    try:
        found = check(path, _metrics(client))
        if found.wrong:
            return _tell_problems(found)
        if dry_run:
            say(f"{found.rows:,} rows, nothing is wrong. Nothing was sent.")
            return STORED
        push = Push(client, path, found, say)
        push.run()
    except FusionError as error:
        say(f"{error}\nRun the same command again to go on.")
        return UNFINISHED
    say(f"stored: {push.inserted:,} new, {push.updated:,} changed, {push.unchanged:,} known before")
    if push.refused:
        say(f"Billing refused {push.refused:,} rows: see {push.refused_path}")
    return REFUSED if push.refused else STORED


def _metrics(client: Client) -> set[str] | None:
    """The codes of all metrics, if the key may read."""
    try:
        return set(client.aggregations())
    except PermissionDeniedError:
        say("This key may not read the catalogue: metrics are not checked before.")
        return None


def _tell_problems(found: Check) -> int:
    for line, problem in found.problems:
        say(f"line {line}: {problem}")
    return _fail(f"{found.wrong:,} of {found.rows:,} rows are wrong. Nothing was sent.")


def _fail(sentence: str) -> int:
    say(sentence)
    return WRONG


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fusion-usage",
        description="Usage from files for Fusion Billing.",
        epilog="\n".join((__doc__ or "").splitlines()[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    push = commands.add_parser("push", help="store the counters of a CSV or NDJSON file")
    push.add_argument("file", type=Path, metavar="FILE")
    push.add_argument("--url", default=os.environ.get("FUSION_URL"), help="default: $FUSION_URL")
    push.add_argument("--database", help="where a server with several databases needs its name")
    push.add_argument("--dry-run", action="store_true", help="check the file, and send nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
