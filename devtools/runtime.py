"""The set-up: everything the other commands stand on, made once and only once.

Two stages, because the first has to run on a bare Python: `ensure_runtime` fetches Odoo, the
Python packages and PostgreSQL; `databases.ensure_template` runs on those. Each part is stamped last
or renamed into place, so what an interruption leaves behind is redone.
"""

import shutil
import sys

from devtools import debian, environment, paths, postgres
from devtools.console import DevError
from devtools.locks import exclusive
from devtools.paths import ADDON, ADDONS, DEV, ROOT, TEST_ADDONS, odoo_program, odoo_source


def ensure_runtime() -> None:
    """Make Odoo, the Python environment, PostgreSQL's programs and the addon's link exist."""
    if sys.platform != "linux":
        raise DevError("this needs Linux: use a Debian 12 or 13 machine or container")
    with exclusive(DEV / "setup.lock", "set-up"):
        ensure_source()
        environment.ensure_packages(environment.ODOO, "Odoo's Python packages")
        postgres.ensure_programs()
        ensure_link()


def ensure_tools() -> None:
    """Make the lint and test tools exist; the demo and the server do without them."""
    with exclusive(DEV / "setup.lock", "set-up"):
        environment.ensure_packages(environment.TOOLS, "the lint and test tools")


def ensure_source() -> None:
    """Odoo 19 itself: the checkout named by `ODOO_SRC`, else Debian's package."""
    if odoo_source() == paths.DEBIAN_SOURCE:
        debian.ensure_odoo()
    release = odoo_source() / "odoo" / "release.py"
    if not release.exists() or not odoo_program().exists():
        raise DevError(
            f"ODOO_SRC={odoo_source()} is no Odoo checkout: it has no odoo/release.py or odoo-bin"
        )
    if "version_info = (19, 0" not in release.read_text():
        raise DevError(f"{odoo_source()} is not Odoo 19.0: check out its branch 19.0")


def ensure_link() -> None:
    """Reach the checkout, whatever its folder is called, under the addon's technical name."""
    ADDONS.mkdir(parents=True, exist_ok=True)
    paths.DATA.mkdir(parents=True, exist_ok=True)
    folders = {path.name: path for path in TEST_ADDONS.glob("*")}
    for name, folder in {**folders, ADDON: ROOT}.items():
        link = ADDONS / name
        if link.resolve() != folder:
            link.unlink(missing_ok=True)
            link.symlink_to(folder)


def clean() -> None:
    """Remove all that was made: `.dev/`, and on a foreign server this checkout's databases."""
    if not DEV.exists():
        return
    if postgres.is_external() and paths.VENV_PYTHON.exists():
        environment.enter_venv()
        from devtools import databases

        databases.check_server()
        databases.drop_all()
    with exclusive(DEV / "setup.lock", "set-up"):
        postgres.remove()
        shutil.rmtree(DEV)
