"""The described API: complete, stable, and one with what requests are read by."""

import json
import unittest

from core.api import codes
from core.api.answer import write_json
from core.api.endpoint import PATH_FIELDS
from core.api.endpoints import ALL, GROUPS
from core.api.examples import example_of, example_of_shape
from core.api.openapi import describe, write
from core.api.scopes import FIELDS
from core.api.shapes import (
    array,
    boolean,
    choice,
    inline,
    integer,
    mapping,
    nullable,
    sometimes,
    string,
)
from core.api.strict_json import read_object


class TestDescription(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = json.loads(write("19.0.1.0.0"))

    def resolve(self, reference):
        if "$ref" not in reference:
            return reference
        *_, kind, name = reference["$ref"].split("/")
        return self.document["components"][kind][name]

    def operations(self):
        for path, verbs in self.document["paths"].items():
            for verb, operation in verbs.items():
                yield path, verb, operation

    def test_every_endpoint_is_described_once(self):
        described = [(path, verb.upper()) for path, verb, _operation in self.operations()]
        self.assertEqual(sorted(described), sorted((one.path, one.verb) for one in ALL))
        names = [operation["operationId"] for _path, _verb, operation in self.operations()]
        self.assertEqual(len(names), len(set(names)))

    def test_every_error_code_of_every_endpoint_is_described_with_its_status(self):
        for endpoint in ALL:
            operation = self.document["paths"][endpoint.path][endpoint.verb.lower()]
            described = {
                code: int(status)
                for status, response in operation["responses"].items()
                if int(status) >= 400
                for code in self.codes_of(response)
            }
            expected = {code: codes.status_of(code) for code in endpoint.codes}
            self.assertEqual(described, expected, endpoint.name)

    def codes_of(self, response):
        response = self.resolve(response)
        schema = response["content"]["application/json"]["schema"]
        return schema["allOf"][1]["properties"]["code"]["enum"]

    def test_every_code_that_is_known_is_some_endpoint_s_or_the_router_s(self):
        declared = {code for endpoint in ALL for code in endpoint.codes}
        self.assertEqual(set(codes.CODES) - declared, {"method_not_allowed"})

    def test_a_code_that_an_endpoint_declares_is_known_or_of_a_field(self):
        for endpoint in ALL:
            for code in endpoint.errors:
                self.assertIn(code, codes.CODES, endpoint.name)

    def test_references_lead_to_records_and_every_record_is_used(self):
        text = json.dumps(self.document)
        places = [
            f'"#/components/{kind}/{name}"'
            for kind in ("schemas", "responses", "headers")
            for name in self.document["components"][kind]
        ]
        for place in places:
            self.assertIn(place, text)
        self.assertEqual(text.count('"$ref"'), sum(map(text.count, places)))

    def test_a_refusal_that_many_endpoints_share_is_described_once(self):
        for path, verb, operation in self.operations():
            for status, response in operation["responses"].items():
                if int(status) > 400:
                    self.assertEqual(list(response), ["$ref"], (path, verb, status))

    def test_the_order_is_that_of_the_declarations_and_nothing_of_ours_is_told(self):
        self.assertEqual(json.dumps(describe("1")), json.dumps(describe("1")))
        self.assertEqual(list(self.document["paths"]), list(dict.fromkeys(e.path for e in ALL)))
        self.assertNotIn("x-sometimes", json.dumps(self.document))

    def test_the_example_of_a_request_is_read_by_its_endpoint(self):
        for endpoint in ALL:
            if endpoint.has_body:
                endpoint.read_values(read_object(write_json(example_of(endpoint.fields))))

    def test_every_request_and_every_answer_in_json_has_an_example(self):
        for path, verb, operation in self.operations():
            answers = {status: operation["responses"].get(status) for status in ("200", "201")}
            for told in (operation.get("requestBody"), *answers.values()):
                for content_type, media in (told or {"content": {}})["content"].items():
                    if "json" in content_type:
                        self.assertIn("example", media, (path, verb, content_type))

    def test_the_example_of_an_answer_has_all_its_fields_and_says_what_was_created(self):
        answers = self.document["paths"]["/subscriptions"]["post"]["responses"]
        for status, created in (("200", False), ("201", True)):
            media = answers[status]["content"]["application/json"]
            self.assertEqual(list(media["example"]), media["schema"]["required"])
            self.assertIs(media["example"]["created"], created)

    def test_an_example_of_a_shape_is_the_first_one_or_made_of_those_inside(self):
        line = inline({"code": string("", "pro"), "more": sometimes(string("", "x"))})
        for shape, example in (
            (string("", "pro"), "pro"),
            (choice(("a", "b")), "a"),
            (array(line), [{"code": "pro"}]),
            (nullable(line), None),
            (nullable(integer()), None),
            (boolean(), False),
            (mapping("", {}), {}),
        ):
            self.assertEqual(example_of_shape(shape), example)

    def test_what_is_created_links_to_what_can_be_asked_of_it(self):
        answers = self.document["paths"]["/subscriptions"]["post"]["responses"]
        links = answers["201"]["links"]
        self.assertIn("retrieve_subscription", links)
        self.assertNotIn("retrieve_customer", links)
        self.assertEqual(
            links["pause_subscription"]["parameters"],
            {"subscription_id": "$response.body#/subscription_id"},
        )

    def test_a_link_takes_a_field_from_what_the_answer_or_the_path_names(self):
        for path, verb, operation in self.operations():
            made = operation["responses"].get("201", {})
            for link in made.get("links", {}).values():
                fields = made["content"]["application/json"]["schema"]["properties"]
                for place in link["parameters"].values():
                    name = place.rpartition("/")[2]
                    self.assertTrue(
                        name in fields or place == f"$request.path.{name.rpartition('.')[2]}",
                        (path, verb, place),
                    )

    def test_an_endpoint_says_which_scope_its_key_needs(self):
        for endpoint in ALL:
            operation = self.document["paths"][endpoint.path][endpoint.verb.lower()]
            self.assertEqual(operation.get("x-scope"), endpoint.scope)
            self.assertEqual(bool(operation["security"]), bool(endpoint.scope))

    def test_scopes_and_paths_are_known(self):
        for endpoint in ALL:
            self.assertIn(endpoint.scope, {None, *FIELDS}, endpoint.name)
            self.assertLessEqual(endpoint.path_fields.keys(), PATH_FIELDS.keys())

    def test_what_is_cached_is_described_as_such_and_nothing_else(self):
        for endpoint in ALL:
            operation = self.document["paths"][endpoint.path][endpoint.verb.lower()]
            good, names = operation["responses"]["200"], operation["parameters"]
            is_cached = endpoint.is_cached
            self.assertEqual("304" in operation["responses"], is_cached, endpoint.name)
            self.assertEqual("ETag" in good["headers"], is_cached, endpoint.name)
            told = any(one["name"] == "If-None-Match" for one in names)
            self.assertEqual(told, is_cached, endpoint.name)

    def test_a_pdf_is_described_as_bytes(self):
        good = self.document["paths"]["/invoices/{invoice_id}.pdf"]["get"]["responses"]["200"]
        self.assertEqual(good["content"], {"application/pdf": {}})

    def test_every_group_says_what_it_is_about(self):
        for group in GROUPS:
            self.assertTrue(group.__doc__.strip().endswith("."), group.__name__)
