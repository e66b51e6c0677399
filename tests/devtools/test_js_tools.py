"""What tests and lint do with the JavaScript client, also where there is no Node."""

import contextlib
import io
import os
import unittest
from unittest.mock import patch

from devtools import js, lint, npm


class TestWithoutNode(unittest.TestCase):
    def test_lint_says_that_it_skips_javascript_and_finds_nothing(self):
        said = io.StringIO()
        with patch.dict(os.environ, PATH="/nowhere"), contextlib.redirect_stderr(said):
            self.assertFalse(npm.is_there())
            self.assertEqual(list(lint.javascript()), [])
        self.assertIn("clients/js and static/ are not checked", said.getvalue())


class TestEssential(unittest.TestCase):
    def test_types_are_made_of_requests_and_of_good_answers(self):
        good = {"description": "Done.", "headers": {"X-Request-Id": {}}, "content": {}}
        operation = {"parameters": [1], "responses": {"200": good, "201": good, "400": good}}
        document = {
            "paths": {"/usage": {"post": operation}},
            "webhooks": {"invoice.paid": {"post": {**operation, "requestBody": 2}}},
            "components": {"schemas": {}, "responses": {"Forbidden": {}}, "headers": {"ETag": {}}},
        }
        bare = {"description": "Done.", "content": {}}
        self.assertEqual(
            js.essential(document),
            {
                "paths": {
                    "/usage": {"post": {"parameters": [1], "responses": {"200": bare, "201": bare}}}
                },
                "webhooks": {
                    "invoice.paid": {"post": {"parameters": [], "responses": {}, "requestBody": 2}}
                },
                "components": {"schemas": {}},
            },
        )

    def test_what_is_built_are_the_sources_and_no_tests_in_python(self):
        names = {path.relative_to(js.SOURCE).as_posix() for path in js.sources()}
        self.assertLessEqual({"package.json", "README.md", "src/index.ts"}, names)
        self.assertIn("tests/api.mjs", names)
        made = [name for name in names if name.endswith(".py") or "node_modules" in name]
        self.assertEqual(made, [])
