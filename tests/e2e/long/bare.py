"""A bare Debian in a folder, to try the set-up in: it has apt and Python, and this checkout.

mmdebstrap makes it, from the mirror that this machine uses. Commands in it run in a chroot with
processes and mounts of their own: when they end, or are killed, nothing of them is left. Of the
network they have what the machine has; their servers listen on the loopback.
"""

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from devtools import debian
from devtools.console import DevError, run, spawn, step
from devtools.locks import exclusive
from devtools.paths import ADDON, DEV, LOGS, ROOT

FOLDER = DEV / "bare"
UNPACKED = DEV / "mmdebstrap"
PACKAGES = "python3,ca-certificates"
#: What a person's Debian says about the way out of the house.
NETWORK = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")
NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf")
#: Settings of apt that say how to reach a mirror, and how old it may be.
APT_SETTINGS = re.compile(r"^Acquire::(?:https?|Check-|ForceIPv).*", re.M)
#: The certificates that this machine trusts, and who has to be told of them.
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
TOLD = ("PIP_CERT", "SSL_CERT_FILE")
NOT_COPIED = (".dev", ".git", "__pycache__", "node_modules", "dist")

#: Enters a folder as the root of all: nothing that is mounted here is seen outside, and all
#: processes end with the first.
ENTER = """
mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && mount -t sysfs sysfs "$0/sys" &&
exec chroot "$0" "$@"
"""
#: Debian's own way to install a service without starting it.
NO_SERVICES = "#!/bin/sh\nexit 101\n"


def obstacle() -> str | None:
    """Why there can be no bare Debian here, in a sentence."""
    if os.geteuid():
        return "a bare Debian can only be made by root"
    if not shutil.which("apt-get") or not shutil.which("unshare"):
        return "a bare Debian needs apt-get and unshare"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False).returncode:
        return "a bare Debian needs mounts of its own, which this machine does not allow"
    if not debian.mirrors():
        return "a bare Debian needs a Debian mirror among this machine's apt sources"
    return None


@contextlib.contextmanager
def machine(release: str):
    """A bare Debian of this release for as long as the block lasts.

    What an earlier one left, however it ended, is thrown away first.
    """
    made = BareMachine(release)
    with exclusive(FOLDER / f"{release}.lock", f"a bare Debian {release}"):
        made.remove()
        try:
            made.make()
            yield made
        finally:
            made.remove()


class BareMachine:
    """:param release: Debian's name of it"""

    def __init__(self, release: str):
        self.release, self.root = release, FOLDER / release
        self.checkout = self.root / "root" / ADDON

    def make(self) -> None:
        with step(f"making a bare Debian {self.release}"):
            self._bootstrap()
        self._furnish()

    def remove(self) -> None:
        """Nothing is mounted in it, as seen from here; if it is, nothing is removed."""
        for path in (self.root / "dev", self.root / "proc", self.root / "sys"):
            if os.path.ismount(path):
                raise DevError(f"{path} is mounted: umount it first")
        if self.root.exists():
            shutil.rmtree(self.root)

    def _bootstrap(self) -> None:
        uri, _release = debian.mirrors()[0]
        options = ("--mode=root", "--variant=apt", f"--include={PACKAGES}")
        keys = f"--keyring={debian.keyring().parent}"
        source = f"deb {uri} {self.release} main"
        run(
            [ensure_program(), *options, keys, self.release, self.root, source],
            log=f"mmdebstrap-{self.release}",
        )

    def _furnish(self) -> None:
        """Give it the checkout, as it is now, and the machine's way into the network."""
        shutil.copytree(
            ROOT, self.checkout, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED)
        )
        for name in (*NETWORK_FILES, CERTIFICATES):
            if Path(name).exists():
                shutil.copy(name, self.root / name.lstrip("/"))
        settings = subprocess.run(
            ["apt-config", "dump"], capture_output=True, text=True, check=True
        )
        (self.root / "etc/apt/apt.conf.d/90machine").write_text(
            "\n".join(APT_SETTINGS.findall(settings.stdout)) + "\n"
        )
        no_services = self.root / "usr/sbin/policy-rc.d"
        no_services.write_text(NO_SERVICES)
        no_services.chmod(0o755)

    def start(self, *command: str) -> subprocess.Popen:
        """Start a command in the checkout; its output goes to `log`."""
        known = {name: os.environ[name] for name in NETWORK if name in os.environ}
        known |= {name: CERTIFICATES for name in TOLD if name in os.environ}
        variables = [f"{name}={value}" for name, value in known.items()]
        path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        inside = f"cd /root/{ADDON} && exec {' '.join(command)}"
        with self.log.open("ab") as out:
            return spawn(
                [
                    *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
                    *("sh", "-c", ENTER, self.root, "env", "-i", path, "HOME=/root"),
                    *("LANG=C.UTF-8", *variables, "sh", "-c", inside),
                ],
                stdout=out,
                stdin=subprocess.DEVNULL,
            )

    @property
    def log(self) -> Path:
        return LOGS / f"bare-{self.release}.log"


def ensure_program() -> Path:
    """mmdebstrap: it is unpacked, not installed."""
    with exclusive(DEV / "setup.lock", "set-up"):
        program = UNPACKED / "usr" / "bin" / "mmdebstrap"
        if not program.exists():
            debian.unpack(["mmdebstrap"], UNPACKED, "there is no mmdebstrap")
    if not shutil.which("perl"):
        raise DevError("mmdebstrap needs perl: install it")
    return program
