"""Odoo 19 from Debian's own archive, and Debian packages this machine lacks.

Debian ships Odoo 19 in *unstable* only. It is fetched through a private apt state, so the machine's
package lists, pins and installed packages stay as they are, while apt checks every signature and
checksum as always. The mirror is the one the machine already uses.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from devtools.console import DevError, run, step
from devtools.paths import DEBIAN, DEBIAN_SOURCE, DEV

APT = DEV / "apt"
STAMP = ".packages"

#: From unstable: Odoo, and what its assets point to.
UNSTABLE = (
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-montserrat",
    "fonts-roboto-unhinted",
    "fonts-inconsolata",
    "fonts-ocr-b",
)
#: From the machine's own release: unstable's newer icon font dropped the files Odoo links to.
STABLE = ("fonts-font-awesome",)
#: Files that Debian's package leaves out although Odoo's asset bundles name them; an empty one
#: keeps the web client's bundles free of errors. (This one blurs the background of video calls.)
MISSING = ("odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js",)
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
)
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
    with step("downloading Odoo 19 from Debian unstable"):
        archives = download(release)
    with step("unpacking Odoo 19"):
        for archive in archives:
            run(["dpkg", "-x", archive, partial], log="dpkg")
        drop_dangling_links(partial)
        add_missing(partial / DEBIAN_SOURCE.relative_to(DEBIAN))
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
    problem = DevError("no Debian archive among this machine's apt sources" + ELSEWHERE)
    for uri, release in archives_of(configured_sources()):
        write_sources(uri, release)
        try:
            with step("reading Debian's package lists"):
                run(
                    ["apt-get", *options(), "-q", "-o", "APT::Update::Error-Mode=any", "update"],
                    log="apt-update",
                )
            return release
        except DevError as failed:
            problem = failed
    raise problem


def write_sources(uri: str, release: str) -> None:
    """Describe one mirror to the private apt."""
    for name in ("lists/partial", "archives/partial", "debs"):
        (APT / name).mkdir(parents=True, exist_ok=True)
    (APT / "debian.sources").write_text(
        f"Types: deb\nURIs: {uri}\nSuites: unstable {release}\nComponents: main\n"
        f"Signed-By: {keyring()}\n"
    )


def options() -> list[str]:
    """Point apt at the private state; its signature checks stay untouched."""
    settings = {
        "Dir::State": APT,
        "Dir::State::lists": APT / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": APT,
        "Dir::Cache::archives": APT / "archives",
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


def download(release: str) -> list[Path]:
    """Download the packages, each from its suite; apt checks them against the signed lists."""
    wanted = [f"{name}/unstable" for name in UNSTABLE] + [f"{name}/{release}" for name in STABLE]
    run(["apt-get", *options(), "-q", "download", *wanted], log="apt-download", cwd=APT / "debs")
    return sorted((APT / "debs").glob("*.deb"))


def drop_dangling_links(prefix: Path) -> None:
    """Remove links whose target no package has: Odoo answers 500 for one, 404 for no file."""
    for folder, _folders, files in os.walk(prefix):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.islink(path) and not os.path.exists(path):
                os.unlink(path)


def add_missing(source: Path) -> None:
    """Put an empty file where Odoo expects one that the package lacks."""
    for name in MISSING:
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def keyring() -> Path:
    """Debian's archive keys, as the machine trusts them."""
    for path in KEYRINGS:
        if path.exists():
            return path
    raise DevError("Debian's archive keys are missing: install the package debian-archive-keyring")


def configured_sources() -> list[str]:
    """The texts of the machine's apt source files, the one-line format turned into stanzas."""
    etc = Path("/etc/apt")
    lines = [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]
    texts = [
        stanza_of(line) for path in lines if path.exists() for line in path.read_text().splitlines()
    ]
    for path in sorted(etc.glob("sources.list.d/*.sources")):
        uncommented = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        texts += "\n".join(uncommented).split("\n\n")
    return [text for text in texts if text.strip()]


def stanza_of(line: str) -> str:
    """One line `deb [options] uri suite component…` as a deb822 stanza; empty if it is none."""
    line = line.partition("#")[0].strip()
    before, bracket, rest = line.partition("[")
    if bracket:
        line = before + rest.partition("]")[2]
    words = line.split()
    if len(words) < 4 or words[0] != "deb":
        return ""
    return f"Types: deb\nURIs: {words[1]}\nSuites: {words[2]}\nComponents: {' '.join(words[3:])}"


def archives_of(stanzas: list[str]) -> list[tuple[str, str]]:
    """The (mirror, release) pairs that may be Debian's main archive, likeliest first.

    Other vendors use the same suite names, so this only sorts; the proof is apt's signature check
    of `unstable` with Debian's keys.
    """
    found = []
    for stanza in stanzas:
        fields = fields_of(stanza)
        if (
            "deb" not in fields["types"]
            or "main" not in fields["components"]
            or "no" in fields["enabled"]
        ):
            continue
        found += [
            (uri, suite)
            for suite in fields["suites"]
            if suite in RELEASES
            for uri in fields["uris"]
        ]
    return sorted(
        dict.fromkeys(found), key=lambda pair: not pair[0].rstrip("/").endswith("/debian")
    )


def fields_of(stanza: str) -> dict[str, list[str]]:
    """The words of each field of a deb822 stanza, continuation lines included."""
    fields = {"types": [], "uris": [], "suites": [], "components": [], "enabled": []}
    name = ""
    for line in stanza.splitlines():
        if not line[:1].isspace():
            name, _colon, line = line.partition(":")
        fields.setdefault(name.strip().lower(), []).extend(line.split())
    return fields


def install(packages: list[str], why: str) -> None:
    """Install Debian packages on this machine, as root or through sudo; never asks anything."""
    rights = rights_to_install(packages, why)
    quiet = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-q",
        "-y",
        "-o",
        "DPkg::Lock::Timeout=300",
    ]
    with step(f"installing {' '.join(packages)}"):
        run([*rights, *quiet, "update"], log="apt-update")
        run([*rights, *quiet, "install", "--no-install-recommends", *packages], log="apt-install")


def unpack(packages: list[str], prefix: Path, why: str) -> None:
    """Unpack Debian packages of this machine's release: their services do not start."""
    rights = rights_to_install(packages, why)
    with step(f"unpacking {' '.join(packages)}"), tempfile.TemporaryDirectory() as folder:
        run([*rights, "apt-get", "-q", "update"], log="apt-update")
        run(["apt-get", "-q", "download", *packages], log="apt-download", cwd=folder)
        for archive in sorted(Path(folder).glob("*.deb")):
            run(["dpkg", "-x", archive, prefix], log="dpkg")


def rights_to_install(packages: list[str], why: str) -> list[str]:
    """Return what goes before a command that changes apt's state.

    :raise DevError: this user may not, or there is no apt; says what to do by hand
    """
    by_hand = f"{why}: install {' '.join(packages)} (as root: apt-get install {' '.join(packages)})"
    rights = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (rights and not may_sudo()):
        raise DevError(by_hand)
    return rights


def may_sudo() -> bool:
    """Whether sudo works here without a password."""
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
