"""Odoo's own program with its test results written down; takes the arguments of `odoo`.

What Odoo does again for each test and what comes out the same each time, is done once.
"""

import os
import sys

import recorder
import shares

del sys.path[0]  # an addon must not find modules in this folder

import freezegun  # noqa: E402
import freezegun.api  # noqa: E402

import odoo.cli  # noqa: E402
from odoo.service import server  # noqa: E402
from odoo.tests import loader, result, suite  # noqa: E402

result.OdooTestResult = loader.OdooTestResult = recorder.recording(result.OdooTestResult)

# Each time that a test freezes time, freezegun asks every module whether its names are still those
# that it found before. As many names as before will do: a seventh of all testing was spent on it.
freezegun.api._get_module_attributes_hash = lambda module: (
    f"{id(module)}-{len(getattr(module, '__dict__', ()))}"
)

#: Before the first tour all bundles of assets are made. These are Odoo's own tests and pages that
#: no test of ours opens; what a page needs after all, Odoo makes then.
NEVER_OPENED = {
    "api_doc.assets",
    "mail.assets_public",
    "spreadsheet.public_spreadsheet",
    "web.assets_unit_tests",
    "web.assets_unit_tests_setup",
    "web.tests_assets",
}

#: Libraries that never ask what time it is: freezegun need not look at them each time.
TIMELESS = (
    *("asn1crypto", "bs4", "chardet", "charset_normalizer", "cryptography", "docutils", "lxml"),
    *("num2words", "openpyxl", "packaging", "PIL", "pygments", "pypdf", "qrcode", "reportlab"),
    *("requests", "soupsieve", "stdnum", "urllib3"),
)
freezegun.configure(extend_ignore_list=list(TIMELESS))

preload = server.preload_registries

# Odoo makes the bundles before the first test over HTTP, which takes a third of a minute. Only a
# browser needs them: `tests.tour_case` makes them.
suite.OdooSuite.has_http_case = lambda _suite: False

if shares.FOLDER in os.environ:
    run = suite.TestSuite.run

    def run_what_nobody_took(self, result, debug=False):
        folder = os.environ[shares.FOLDER]
        self._tests = shares.untaken(self._tests, folder, leave=recorder.elsewhere)
        return run(self, result, debug)

    suite.TestSuite.run = run_what_nobody_took


def leave_out_bundles():
    # Once Odoo is set up.
    from odoo.addons.base.models.ir_qweb import IrQweb

    ask = IrQweb._get_bundles_to_pregenarate
    IrQweb._get_bundles_to_pregenarate = lambda self: tuple(
        bundles - NEVER_OPENED for bundles in ask(self)
    )


def keep_routes():
    """Make the table of all routes once for the modules that there are, not for each test.

    Odoo empties its caches after each test; the routes stand in the code alone.
    """
    from odoo.addons.base.models.ir_http import IrHttp

    make, kept = IrHttp.routing_map, {}

    def routing_map(self, key=None):
        what = (key, *sorted(self.pool._init_modules))
        if what not in kept:
            kept[what] = make(self, key)
        return kept[what]

    IrHttp.routing_map = routing_map


def preload_and_finish(databases):
    """Note that Odoo came to the end of installing and testing."""
    leave_out_bundles()
    keep_routes()
    code = preload(databases)
    recorder.write(finished=True)
    return code


server.preload_registries = preload_and_finish

if __name__ == "__main__":
    odoo.cli.main()
