"""Odoo's own program with its test results written down; takes the arguments of `odoo`."""

import sys

import recorder

del sys.path[0]  # an addon must not find modules in this folder

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

preload = server.preload_registries


def preload_and_finish(databases):
    """Note that Odoo came to the end of installing and testing."""
    code = preload(databases)
    recorder.write(finished=True)
    return code


server.preload_registries = preload_and_finish

if __name__ == "__main__":
    odoo.cli.main()
