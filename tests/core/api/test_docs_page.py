"""The page's frame: nothing of it is executed but our own files, whose addresses follow them."""

import re
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from unittest.mock import patch

from core.api import docs_page

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "static" / "api_docs"


class Elements(HTMLParser):
    """All elements of a page: pairs of tag and attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


class TestDocsPage(unittest.TestCase):
    def setUp(self):
        self.elements = Elements(docs_page.write()).found

    def addresses(self):
        return [
            attributes[name]
            for _tag, attributes in self.elements
            for name in ("src", "href")
            if name in attributes
        ]

    def test_every_address_is_of_this_server(self):
        for address in self.addresses():
            self.assertRegex(address, r"^(/(?!/)|#)")

    def test_every_file_that_it_names_is_there(self):
        named = [address for address in self.addresses() if "/static/" in address]
        self.assertEqual(len(named), 3)
        for address in named:
            path = address.removeprefix("/fusion_billing/").partition("?")[0]
            self.assertTrue((ROOT / path).is_file(), address)

    def test_nothing_stands_in_it_that_the_policy_forbids(self):
        for tag, attributes in self.elements:
            self.assertNotIn("style", attributes)
            self.assertFalse([name for name in attributes if name.startswith("on")])
            self.assertTrue(tag != "script" or "src" in attributes)
            self.assertNotEqual(tag, "style")

    def test_the_policy_allows_this_server_alone(self):
        policy = dict(docs_page.HEADERS)["Content-Security-Policy"]
        directives = dict(part.split(" ", 1) for part in policy.split("; "))
        self.assertEqual(directives.pop("default-src"), "'none'")
        for name in ("base-uri", "form-action", "frame-ancestors"):
            self.assertEqual(directives.pop(name), "'none'")
        self.assertEqual(directives.pop("img-src"), "'self' data:")
        self.assertEqual(set(directives), {"script-src", "style-src", "connect-src"})
        self.assertEqual(set(directives.values()), {"'self'"})

    def test_no_script_writes_html_or_keeps_anything(self):
        """What a server says becomes text; a key is in memory alone."""
        for script in FOLDER.glob("*.js"):
            for word in (
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser",
                "eval(", "Function(", "localStorage", "sessionStorage", "indexedDB",
                "document.cookie", ".style.", "setAttribute(\"style",
            ):  # fmt: skip
                self.assertNotIn(word, script.read_text(), script.name)

    def test_addresses_change_with_the_files(self):
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder)
            (files / "page.js").write_text("1")
            with patch.object(docs_page, "_FILES", files):
                first = docs_page._digest()
                self.assertEqual(docs_page._digest(), first)
                (files / "page.js").write_text("2")
                self.assertNotEqual(docs_page._digest(), first)

    def test_a_script_names_another_with_the_version_that_it_has_itself(self):
        """Browsers keep files for a week: old and new ones must not meet."""
        for script in FOLDER.glob("*.js"):
            text = script.read_text()
            self.assertFalse(re.search(r"^import |[^.]import\(\"", text, re.M), script.name)
