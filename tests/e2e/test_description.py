"""The described API, held against what other people's tools ask of one: openapi-spec-validator,
its own schemas, and Spectral where `node` and `npm` are there.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema_rs
from openapi_spec_validator import OpenAPIV31SpecValidator

from core.api.openapi import write
from devtools import npm

SPECTRAL = "@stoplight/spectral-cli@6.16.3"
#: All of its rules but two: the groups come in the order of the guide, and of whom to write to we
#: have no more than the name.
RULES = """
extends: [["spectral:oas", all]]
rules: {openapi-tags-alphabetical: off, contact-properties: off}
"""
MEDIA = "application/json"


class DescribedCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.written = write("19.0.1.0.0")
        cls.document = json.loads(cls.written)

    def operations(self):
        for path, verbs in self.document["paths"].items():
            for verb, operation in verbs.items():
                yield f"{verb.upper()} {path}", operation


class TestDescription(DescribedCase):
    def test_it_is_openapi_3_1(self):
        errors = OpenAPIV31SpecValidator(self.document).iter_errors()
        self.assertEqual([error.message for error in errors], [])

    def test_the_validator_would_see_what_is_wrong(self):
        wrong = {**self.document, "info": {"title": "No version"}}
        self.assertTrue(list(OpenAPIV31SpecValidator(wrong).iter_errors()))

    def test_its_examples_are_what_its_schemas_allow(self):
        number = 0
        for name, operation in self.operations():
            for place in self.places(operation):
                if "example" in place:
                    number += 1
                    with self.subTest(name, example=place["example"]):
                        self.validate(place["schema"], place["example"])
        self.assertGreater(number, 60)

    def places(self, operation):
        """Yield what has a schema and may have an example."""
        yield from operation["parameters"]
        for told in (operation.get("requestBody", {}), *operation["responses"].values()):
            yield from told.get("content", {}).values()

    def validate(self, schema, value):
        schemas = {"schemas": self.document["components"]["schemas"]}
        whole = {**schema, "components": schemas}
        jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)

    def test_it_stays_small(self):
        """It is asked for by programs and kept by people: 6 KB are enough of one thing."""
        described = [*self.operations(), *self.document["webhooks"]]
        self.assertLess(len(self.written), 6000 * len(described))


class TestSpectral(DescribedCase):
    @classmethod
    def setUpClass(cls):
        if not npm.is_there():
            reason = "node and npm are not installed: Spectral does not read the description"
            print(reason, file=sys.stderr)
            raise unittest.SkipTest(reason)
        super().setUpClass()
        cls.program = npm.ensure_package(SPECTRAL) / "node_modules" / ".bin" / "spectral"

    def lint(self, document):
        """Return what Spectral says of a document: a line for each, or nothing."""
        with tempfile.TemporaryDirectory() as folder:
            rules, file = Path(folder, "rules.yaml"), Path(folder, "openapi.json")
            rules.write_text(RULES)
            file.write_text(json.dumps(document))
            command = [self.program, "lint", "-q", "-F", "hint", "-r", rules, "-f", "text", file]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertFalse(done.stderr)
        return done.stdout.splitlines()

    def test_spectral_has_nothing_to_say(self):
        self.assertEqual(self.lint(self.document), [])

    def test_spectral_would_say_it(self):
        paths = {"/usage": {"get": {"responses": {"200": {"description": "Done."}}}}}
        told = "\n".join(self.lint({**self.document, "paths": paths}))
        self.assertIn("operation-operationId", told)
