from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import HttpCase, get_db_name
from odoo.tests.common import ChromeBrowser, _find_executable

from .staff_case import StaffCase

#: Besides what Odoo passes: the browser asks nobody on the net for anything.
OFFLINE = (
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-pings",
)
spawn = ChromeBrowser._spawn_chrome


def spawn_offline(browser, command):
    program, *switches = command
    return spawn(browser, [program, *OFFLINE, *switches])


@contextmanager
def own_browser():
    """Where Odoo starts a browser, it is one that is alone in the world."""
    with (
        patch.object(ChromeBrowser, "_spawn_chrome", spawn_offline),
        # A busy machine may take longer than ten seconds to start it.
        patch("odoo.tests.common.CHECK_BROWSER_ITERATIONS", 600),
    ):
        yield


class TourCase(StaffCase, HttpCase):
    """Staff at work in a real browser; skipped where there is none."""

    @classmethod
    def setUpClass(cls):
        # Committed, as what a tour makes is taken back with the tour.
        with Registry(get_db_name()).cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["ir.qweb"]._pregenerate_assets_bundles()
        super().setUpClass()

    def setUp(self):
        _find_executable()
        super().setUp()

    def _tour(self, name, user=None, url="/odoo", **cookies):
        """Run a tour as a user, or as somebody who is not logged in, from a page on.

        :param url: Odoo's first page, if empty
        :param cookies: what only this test knows, for the tour to read
        """
        with own_browser():
            self.start_tour(
                url,
                f"fusion_billing_{name}",
                login=user and user.login,
                cookies=cookies,
                timeout=300,
            )
