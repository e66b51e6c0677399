"""Debian's mirror is found in any form of apt's source files, and other vendors are left alone."""

import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from devtools import debian


@unittest.skipUnless(shutil.which("apt-get"), "there is no apt")
class TestSources(unittest.TestCase):
    def mirrors(self, text: str, form: str = "sources") -> list[tuple[str, str]]:
        """What is found where apt's sources are this text alone."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, f"some.{form}").write_text(text + "\n")
            Path(folder, "apt.conf").write_text(
                f'Dir {{ Etc {{ SourceList "/dev/null"; SourceParts "{folder}"; }} }}'
            )
            with mock.patch.dict("os.environ", APT_CONFIG=f"{folder}/apt.conf"):
                return debian.mirrors()

    def test_a_stanza_gives_its_mirror_and_release(self):
        stanza = (
            "Types: deb deb-src\nURIs: http://mirror.example/debian\n"
            "Suites: trixie trixie-updates\nComponents: main contrib"
        )
        self.assertEqual(self.mirrors(stanza), [("http://mirror.example/debian/", "trixie")])

    def test_the_one_line_format_is_understood(self):
        lines = (
            "# deb http://other.example/debian trixie main\n"
            "deb [arch=amd64] http://mirror.example/debian bookworm main # note\n"
            "deb-src http://source.example/debian trixie main"
        )
        found = self.mirrors(lines, "list")
        self.assertEqual(found, [("http://mirror.example/debian/", "bookworm")])

    def test_other_suites_components_and_disabled_stanzas_are_left_out(self):
        start = "Types: deb\nURIs: http://v.example/debian\n"
        others = (
            start + "Suites: trixie-security\nComponents: main",
            start + "Suites: trixie\nComponents: stable",
            start + "Suites: trixie\nComponents: main\nEnabled: no",
        )
        self.assertEqual(self.mirrors("\n\n".join(others)), [])

    def test_the_likeliest_mirror_is_tried_first(self):
        vendor = "Types: deb\nURIs: http://v.example/tool\nSuites: stable\nComponents: main"
        own = "Types: deb\nURIs: http://m.example/debian/\nSuites: trixie\nComponents: main"
        found = self.mirrors(f"{vendor}\n\n{own}")
        self.assertEqual(found[0], ("http://m.example/debian/", "trixie"))


class TestUnpacked(unittest.TestCase):
    def test_links_to_nothing_are_removed_and_others_stay(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "file").touch()
            (root / "good").symlink_to("file")
            (root / "bad").symlink_to("gone")
            debian.drop_dangling_links(root)
            self.assertEqual(sorted(path.name for path in root.iterdir()), ["file", "good"])
