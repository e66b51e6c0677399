"""Odoo 19 from Debian's own archive, and Debian packages this machine lacks.

Debian ships Odoo 19 in *unstable* only. It is fetched through a private apt state, so the machine's
package lists, pins and installed packages stay as they are, while apt checks every signature and
checksum as always. The mirror is the one the machine already uses.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from devtools.console import DevError, run, step
from devtools.paths import DEBIAN, DEBIAN_SOURCE, DEV

APT = DEV / "apt"
STAMP = ".packages"

#: From unstable: Odoo, and what its assets point to.
UNSTABLE = (
    *("odoo-19", "libjs-jquery", "libjs-jquery-form", "libjs-underscore", "fonts-montserrat"),
    *("fonts-roboto-unhinted", "fonts-inconsolata", "fonts-ocr-b"),
)
#: From the machine's own release: unstable's newer icon font dropped the files Odoo links to.
STABLE = ("fonts-font-awesome",)
#: A file that Debian's package leaves out although Odoo's asset bundles name it; an empty one keeps
#: the web client's bundles free of errors. (It blurs the background of video calls.)
MISSING = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
KEYRINGS = Path("/usr/share/keyrings")
RELEASES = {"bookworm", "trixie", "forky", "oldstable", "stable", "testing"}

ELSEWHERE = "; on any other system set ODOO_SRC=/path/to/odoo to an Odoo 19 checkout"


def ensure_odoo() -> None:
    """Unpack Odoo 19 and its assets under `.dev/debian`; nothing is installed on the machine."""
    recipe = " ".join((*UNSTABLE, *STABLE))
    stamp = DEBIAN / STAMP
    if stamp.exists() and stamp.read_text() == recipe:
        return
    release = fetch_lists()
    partial = DEBIAN.with_name("debian.partial")
    shutil.rmtree(partial, ignore_errors=True)
    wanted = [f"{name}/unstable" for name in UNSTABLE] + [f"{name}/{release}" for name in STABLE]
    with step("downloading Odoo 19 from Debian unstable, and unpacking it"):
        download(wanted, partial, options())
        drop_dangling_links(partial)
        missing = partial / DEBIAN_SOURCE.relative_to(DEBIAN) / MISSING
        missing.parent.mkdir(parents=True, exist_ok=True)
        missing.touch()
    (partial / STAMP).write_text(recipe)
    shutil.rmtree(DEBIAN, ignore_errors=True)
    partial.rename(DEBIAN)
    shutil.rmtree(APT)


def fetch_lists() -> str:
    """Fetch the package lists from the first configured mirror that proves to be Debian's.

    :return: the name of the machine's own Debian release
    """
    if not shutil.which("apt-get"):
        raise DevError("apt-get is missing: this needs Debian 12 or 13" + ELSEWHERE)
    for name in ("lists/partial", "archives/partial"):
        (APT / name).mkdir(parents=True, exist_ok=True)
    problem = DevError("no Debian archive among this machine's apt sources" + ELSEWHERE)
    for uri, release in mirrors():
        (APT / "debian.sources").write_text(
            f"Types: deb\nURIs: {uri}\nSuites: unstable {release}\nComponents: main\n"
            f"Signed-By: {keyring()}\n"
        )
        strict = ("-o", "APT::Update::Error-Mode=any")
        try:
            with step("reading Debian's package lists"):
                run(["apt-get", *options(), "-q", *strict, "update"], log="apt-update")
            return release
        except DevError as failed:
            problem = failed
    raise problem


def mirrors() -> list[tuple[str, str]]:
    """The (mirror, release) pairs that may be Debian's main archive, likeliest first.

    Other vendors use the same suite names, so this only sorts; the proof is apt's signature check
    of `unstable` with Debian's keys.
    """
    main = ("--no-release-info", "Created-By: Packages", "Component: main")
    asking = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", *main]
    asked = subprocess.run(asking, capture_output=True, text=True, check=False)
    pairs = dict.fromkeys(tuple(line.split()) for line in asked.stdout.splitlines())
    found = [(uri, release) for uri, release in pairs if release in RELEASES]
    return sorted(found, key=lambda pair: not pair[0].endswith("/debian/"))


def options() -> list[str]:
    """Point apt at the private state; its signature checks stay untouched."""
    settings = {
        "Dir::State": APT,
        "Dir::State::status": "/dev/null",
        "Dir::Cache": APT,
        "Dir::Etc::SourceList": APT / "debian.sources",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        # apt's download user cannot enter a checkout below a private home directory
        "APT::Sandbox::User": "root",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def download(packages: list[str], prefix: Path, settings: list[str] | tuple = ()) -> None:
    """Download packages, which apt checks against its signed lists, and unpack them there.

    :param settings: options of apt
    """
    folder = prefix.with_suffix(".debs")
    shutil.rmtree(folder, ignore_errors=True)  # what was killed
    folder.mkdir(parents=True)
    run(["apt-get", *settings, "-q", "download", *packages], log="apt-download", cwd=folder)
    for archive in sorted(folder.glob("*.deb")):
        run(["dpkg", "-x", archive, prefix], log="dpkg")
    shutil.rmtree(folder)


def drop_dangling_links(prefix: Path) -> None:
    """Remove links whose target no package has: Odoo answers 500 for one, 404 for no file."""
    run(["find", prefix, "-xtype", "l", "-delete"], log="find")


def keyring() -> Path:
    """Debian's archive keys, as the machine trusts them."""
    for path in sorted(KEYRINGS.glob("debian-archive-keyring.[gp]*")):
        return path
    raise DevError("Debian's archive keys are missing: install the package debian-archive-keyring")


def install(packages: list[str], why: str) -> None:
    """Install Debian packages on this machine, as root or through sudo; never asks anything."""
    rights = rights_to_install(packages, why)
    quiet = (*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y")
    patient = (*quiet, "-o", "DPkg::Lock::Timeout=300")
    with step(f"installing {' '.join(packages)}"):
        run([*patient, "update"], log="apt-update")
        run([*patient, "install", "--no-install-recommends", *packages], log="apt-install")


def unpack(packages: list[str], prefix: Path, why: str) -> None:
    """Unpack Debian packages of this machine's release: their services do not start."""
    rights = rights_to_install(packages, why)
    with step(f"unpacking {' '.join(packages)}"):
        run([*rights, "apt-get", "-q", "update"], log="apt-update")
        download(packages, prefix)


def rights_to_install(packages: list[str], why: str) -> list[str]:
    """Return what goes before a command that changes apt's state.

    :raise DevError: this user may not, or there is no apt; says what to do by hand
    """
    rights = [] if os.geteuid() == 0 else ["sudo", "-n"]
    with contextlib.suppress(FileNotFoundError):
        command = [*rights, "apt-get", "--version"]
        if not subprocess.run(command, capture_output=True, check=False).returncode:
            return rights
    names = " ".join(packages)
    raise DevError(f"{why}: install {names} (as root: apt-get install {names})")
