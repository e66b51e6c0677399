"""A browser for tours and pictures: the one that is there, else Debian's Chromium."""

import contextlib
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


@contextlib.contextmanager
def page(width: int = 1440, height: int = 900):
    """Playwright's `Page` in a browser without a window, closed when the block ends."""
    from playwright.sync_api import sync_playwright  # of the tools, which finding one does without

    program = next(filter(None, map(shutil.which, PROGRAMS)))
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program) as chromium,
    ):
        yield chromium.new_page(viewport={"width": width, "height": height})
