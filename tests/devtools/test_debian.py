"""Debian's mirror is found in any form of apt's source files, and other vendors are left alone."""

import tempfile
import unittest
from pathlib import Path

from devtools import debian


class TestSources(unittest.TestCase):
    def test_a_stanza_gives_its_mirror_and_release(self):
        stanza = (
            "Types: deb deb-src\nURIs: http://mirror.example/debian\n"
            "Suites: trixie trixie-updates\nComponents: main contrib\nSigned-By: /key"
        )
        found = debian.archives_of([stanza])
        self.assertEqual(found, [("http://mirror.example/debian", "trixie")])

    def test_fields_may_go_on_in_further_lines_and_in_any_case(self):
        stanza = (
            "types: deb\nuris:\n http://one.example/debian\nSuites: bookworm\nComponents:\n main"
        )
        found = debian.archives_of([stanza])
        self.assertEqual(found, [("http://one.example/debian", "bookworm")])

    def test_the_one_line_format_is_understood(self):
        line = "deb [arch=amd64 signed-by=/k] http://mirror.example/debian bookworm main # note"
        found = debian.archives_of([debian.stanza_of(line)])
        self.assertEqual(found, [("http://mirror.example/debian", "bookworm")])

    def test_comments_and_source_packages_are_no_archive(self):
        for line in (
            "# deb http://m.example/debian trixie main",
            "deb-src http://m x main",
            "",
            "deb",
        ):
            self.assertEqual(debian.stanza_of(line), "")

    def test_other_suites_components_and_disabled_stanzas_are_left_out(self):
        start = "Types: deb\nURIs: http://v.example/debian\n"
        others = (
            start + "Suites: trixie-security\nComponents: main",
            start + "Suites: trixie\nComponents: stable",
            start + "Suites: trixie\nComponents: main\nEnabled: no",
        )
        self.assertEqual(debian.archives_of(list(others)), [])

    def test_the_likeliest_mirror_is_tried_first(self):
        vendor = "Types: deb\nURIs: http://v.example/tool\nSuites: stable\nComponents: main"
        own = "Types: deb\nURIs: http://m.example/debian/\nSuites: trixie\nComponents: main"
        found = debian.archives_of([vendor, own])
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
