"""The commands of `./dev`."""

import argparse
import importlib
import signal
from pathlib import Path

from devtools import environment, postgres, runtime
from devtools.console import DevError, refusal, say


def main() -> int:
    """Run a command; its own failures are one sentence and the exit status 1."""
    handle_signals(interrupt)
    options = parser().parse_args()
    try:
        return options.run(options) or 0
    except DevError as error:
        say(f"./dev: {error}")
        return 1
    except KeyboardInterrupt:
        say("./dev: interrupted")
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        sentence = refusal(error)
        if not sentence:
            raise
        say(f"./dev: {sentence}")
        return 1


def interrupt(_signal, _frame) -> None:
    """Whatever asks us to end ends us like Ctrl-C; asking again does not disturb the tidying up."""
    handle_signals(signal.SIG_IGN)
    raise KeyboardInterrupt


def handle_signals(handler) -> None:
    """Set what happens at each signal that asks a process to end."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, handler)


def in_environment(run):
    """A command that needs Odoo and the Python environment."""

    def wrapped(options) -> int:
        runtime.ensure_runtime()
        environment.enter_venv()
        return run(options)

    return wrapped


def connected(run):
    """A command that needs a database server, too."""

    @in_environment
    def wrapped(options) -> int:
        with postgres.cluster():
            dispatch("databases").check_server()
            return run(options)

    return wrapped


def prepared(run):
    """A command that needs the whole set-up: the template database as well."""

    @connected
    def wrapped(options) -> int:
        dispatch("databases").ensure_template()
        return run(options)

    return wrapped


def parser() -> argparse.ArgumentParser:
    """The command line; nothing outside of the standard library may be imported for its help."""
    top = argparse.ArgumentParser(
        prog="./dev",
        description=__doc__
        and "Set up, run and test Fusion Billing on a real Odoo 19. Every command "
        "does its own set-up, under .dev/.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run, explanation: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=explanation, description=explanation)
        command.set_defaults(run=run)
        return command

    add("setup", setup, "fetch and prepare all that the other commands need")
    demo = add("demo", run_demo, "run the main job end to end on real input, then keep serving")
    demo.add_argument("--port", type=int, help="HTTP port (default: a free one)")
    demo.add_argument("--exit", action="store_true", help="end after the checks")
    demo.add_argument(
        "--late", action="store_true", help="instead: a card is declined, and what comes of it"
    )
    serve = add("serve", run_serve, "install or update the addon in a database, then serve it")
    serve.add_argument("--db", required=True, help="database, created if there is none")
    serve.add_argument("--port", type=int, default=8069, help="HTTP port (default: 8069)")
    serve.add_argument("--workers", type=int, default=2, help="HTTP worker processes (default: 2)")
    serve.add_argument(
        "--demo-data", action="store_true", help="create the database with demonstration data"
    )
    shell = add(
        "shell",
        run_shell,
        "open Odoo's Python shell; reads standard input when that is no terminal",
    )
    shell.add_argument("--db", required=True, help="database")
    db = add("db", run_drop, "look after databases").add_subparsers(required=True, metavar="ACTION")
    drop = db.add_parser("drop", help="drop a database and its files")
    drop.add_argument("name")
    audit = add("audit", run_audit, "recount everything in a database, from SQL alone")
    audit.add_argument("--db", required=True, help="database")
    add("docs", run_docs, "write what the guides repeat of the API's declarations")
    add("lint", run_lint, "check style and conventions")
    add("package", run_package, "pack the last commit into dist/, as a zip and as a wheel")
    add("types", run_types, "write the types of the JavaScript client anew, from the described API")
    test = add("test", run_test, "run the tests; without argument all parts, side by side")
    test.add_argument(
        "what",
        nargs="?",
        metavar="PART|TAGS",
        help="lint, core, devtools, clients, odoo (without the long random histories), histories, "
        "e2e, or Odoo test tags such as /fusion_billing:TestRating.test_name",
    )
    test.add_argument(
        "--long",
        action="store_true",
        help="run what an ordinary run has no time for: random lives of thousands of"
        " subscriptions, every planted defect, tens of thousands of raw requests, long walks of"
        " app, staff and clock at once, every role by every way in, hundreds of faults, and a"
        " thousand examples of each property",
    )
    test.add_argument(
        "-k",
        dest="patterns",
        action="append",
        default=[],
        metavar="NAME",
        help="of core, devtools, clients and e2e only tests whose name contains this",
    )
    test.add_argument(
        "--outcomes",
        type=Path,
        metavar="FILE",
        help="write the outcome of every test to this file, as JSON",
    )
    test.add_argument(
        "--coverage",
        action="store_true",
        help="say which lines and branches of the addon the tests went through; takes half as long"
        " again",
    )
    test.add_argument(
        "--debug",
        action="store_true",
        help="give the terminal to the tests in Odoo, so that breakpoint() stops there",
    )
    mutants = add(
        "mutants", run_mutants, "change core/ in small ways, and see which no test notices; an hour"
    )
    mutants.add_argument("packages", nargs="*", metavar="PACKAGE", help="of core/, such as money")
    bench = add("bench", run_bench, "measure, and compare with a baseline in the same run")
    bench.add_argument(
        "part",
        nargs="?",
        help="ingest, rating, invoicing, age, webhooks or growth (draws curves into docs/)",
    )
    screenshots = add("screenshots", run_screenshots, "take the guides' pictures, of demo data")
    screenshots.add_argument("names", nargs="*", metavar="NAME", help="only these")
    add("clean", clean, "remove everything under .dev/")
    return top


@prepared
def setup(_options) -> int:
    say("ready")
    return 0


@prepared
def run_demo(options) -> int:
    if options.late:
        runtime.ensure_tools()
        return dispatch("e2e.demo.late").main()
    return dispatch("e2e.demo.month").main(port=options.port, leave=options.exit)


@prepared
def run_serve(options) -> int:
    return dispatch("serving").serve(options.db, options.port, options.workers, options.demo_data)


@connected
def run_shell(options) -> int:
    return dispatch("serving").shell(options.db)


@connected
def run_drop(options) -> int:
    if not dispatch("databases").drop_database(options.name):
        raise DevError(f"there is no database {options.name}")
    return 0


@connected
def run_audit(options) -> int:
    if not dispatch("databases").exists(options.db):
        raise DevError(f"there is no database {options.db}")
    return dispatch("e2e.audit").main(options.db)


@in_environment
def run_docs(_options) -> int:
    dispatch("docs").write()
    return 0


@in_environment
def run_lint(_options) -> int:
    return dispatch("testing").main("lint")


@in_environment
def run_package(_options) -> int:
    return dispatch("package").main()


@in_environment
def run_types(_options) -> int:
    return dispatch("js").main()


@prepared
def run_test(options) -> int:
    what = "long" if options.long else options.what
    return dispatch("testing").main(
        what, options.patterns, options.outcomes, options.coverage, options.debug
    )


@in_environment
def run_mutants(options) -> int:
    return dispatch("mutants").main(options.packages)


@prepared
def run_bench(options) -> int:
    return dispatch("e2e.bench").main(part=options.part)


@prepared
def run_screenshots(options) -> int:
    runtime.ensure_tools()
    return dispatch("screenshots").main(options.names)


def clean(_options) -> int:
    runtime.clean()
    return 0


def dispatch(module: str):
    """Import what a command needs only when it runs: it may need packages of the environment.

    :param module: of `devtools`, or of `e2e`
    """
    return importlib.import_module(module if module.startswith("e2e.") else f"devtools.{module}")
