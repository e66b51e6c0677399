"""A browser for the tours: the one that is there, else Debian's Chromium."""

import shutil

from devtools import debian
from devtools.console import DevError, say
from devtools.locks import exclusive
from devtools.paths import DEV

#: The names under which Odoo's test runner looks for one.
PROGRAMS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def ensure_program() -> None:
    """Find a browser, or install Debian's; where neither works the tours skip themselves."""
    with exclusive(DEV / "setup.lock", "set-up"):
        if is_installed():
            return
        try:
            debian.install(["chromium"], "there is no browser")
        except DevError as error:
            say(f"The tours are skipped, because {error}")


def is_installed() -> bool:
    return any(map(shutil.which, PROGRAMS))
