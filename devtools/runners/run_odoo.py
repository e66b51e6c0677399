"""Odoo's own program with its test results written down; takes the arguments of `odoo`."""

import sys

import recorder

del sys.path[0]  # an addon must not find modules in this folder

import freezegun  # noqa: E402
import freezegun.api  # noqa: E402

import odoo.cli  # noqa: E402
from odoo.service import server  # noqa: E402
from odoo.tests import loader, result  # noqa: E402

result.OdooTestResult = loader.OdooTestResult = recorder.recording(result.OdooTestResult)

# Each time that a test freezes time, freezegun asks every module whether its names are still those
# that it found before. As many names as before will do: a seventh of all testing was spent on it.
freezegun.api._get_module_attributes_hash = lambda module: (
    f"{id(module)}-{len(getattr(module, '__dict__', ()))}"
)

#: Before the first test over HTTP Odoo makes all bundles of assets. These are Odoo's own tests and
#: pages that no test of ours opens; what a page needs after all, Odoo makes then.
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


def leave_out_bundles():
    # Once Odoo is set up.
    from odoo.addons.base.models.ir_qweb import IrQweb

    ask = IrQweb._get_bundles_to_pregenarate
    IrQweb._get_bundles_to_pregenarate = lambda self: tuple(
        bundles - NEVER_OPENED for bundles in ask(self)
    )


def preload_and_finish(databases):
    """Note that Odoo came to the end of installing and testing."""
    leave_out_bundles()
    code = preload(databases)
    recorder.write(finished=True)
    return code


server.preload_registries = preload_and_finish

if __name__ == "__main__":
    odoo.cli.main()
