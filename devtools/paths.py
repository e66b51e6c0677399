"""Where everything lives. All that is made is under `.dev/`, which git ignores."""

import hashlib
import os
import sys
from pathlib import Path

ADDON = "fusion_billing"

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:6]  # for names in places that are shared
DEV = ROOT / ".dev"
LOGS = DEV / "logs"
VENV = DEV / "venv"
VENV_PYTHON = VENV / "bin" / "python"
ADDONS = DEV / "addons"  # holds the symlink named after the addon
DATA = DEV / "data"  # Odoo's data directory: filestores and sessions
RUNNERS = ROOT / "devtools" / "runners"  # programs that run as processes of their own
TESTS = ROOT / "tests"  # where `e2e` is imported from
TEST_ADDONS = TESTS / "e2e" / "odoo_addons"  # Odoo addons that only tests install
CLIENT = ROOT / "clients" / "python" / "src"  # what apps install
DEBIAN = DEV / "debian"  # the unpacked Debian packages
DEBIAN_SOURCE = DEBIAN / "usr/lib/python3/dist-packages"

#: Standard library only, before the virtual environment exists.
MIN_PYTHON, MAX_PYTHON = (3, 11), (3, 13)


def in_venv() -> bool:
    """Whether this process already runs on the project's own interpreter."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def odoo_source() -> Path:
    """The directory that holds the `odoo` package: `ODOO_SRC`, else the unpacked Debian package."""
    chosen = os.environ.get("ODOO_SRC")
    return Path(chosen).resolve() if chosen else DEBIAN_SOURCE


def odoo_program() -> Path:
    """The script to start. `python -m odoo` cannot spawn its own gevent process."""
    return odoo_source() / "odoo-bin" if os.environ.get("ODOO_SRC") else DEBIAN / "usr/bin/odoo"
