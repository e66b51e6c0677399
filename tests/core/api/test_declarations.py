"""What the description of a field promises, its reader keeps."""

import json
import unittest
from decimal import Decimal

import jsonschema_rs

from core.api.endpoints import ALL
from core.api.errors import InvalidInput

#: Values at the bounds of what readers take, and beyond.
TEXTS = (
    *("", " ", "\t\n", "\0", "a\0b", "é", "x", "x" * 255, "x" * 256, "true", "null", "EUR", "eur"),
    *("0", "00", "-0", "-1", "1", "1.5", "1.", ".5", "1e3", "1,5", "٣", " 1", "NaN", "Infinity"),
    *("9" * 18, "9" * 19, "0.000001", "0.0000001", "0.0000010", "1" * 300, "2147483648"),
    *("2026-01-01", "2026-02-30", "1999-12-31", "2099-12-31", "2100-01-01", "20260101"),
    *("2026-01-01T00:00:00Z", "2026-01-01t00:00:00z", "2026-01-01 00:00:00Z"),
    *("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00+02:00", "2026-01-01T24:00:00Z"),
    *("1999-12-31T23:59:59Z", "2099-12-31T23:59:59Z", "2026-13-01T00:00:00Z"),
)
NUMBERS = (0, 1, -1, 1.5, -0.5, 500, 501, 10**17, 10**18, 10**30, 2**31)
OTHERS = (True, False, [], {}, [{}], [1], [[]], {"x": 1}, {"x": "1"}, {"x": None}, {"x": []})
#: What no description can say: that a cursor was answered before.
BEYOND = {"cursor"}


class TestDeclarations(unittest.TestCase):
    def fields(self):
        """Yield every field of a body, at any depth: whose it is, its name, itself."""
        for endpoint in ALL:
            if endpoint.has_body:
                yield from self.below(endpoint.name, endpoint.fields)

    def texts(self):
        """Yield every field of a query or a path, likewise."""
        for endpoint in ALL:
            yield from self.below(endpoint.name, endpoint.query_fields | endpoint.path_fields)

    def below(self, place, fields):
        for name, one in fields.items():
            yield place, name, one
            yield from self.below(f"{place}.{name}", one.members or {})

    def test_a_reader_takes_what_its_description_allows(self):
        tried = 0
        for place, name, one in self.fields():
            allows = jsonschema_rs.Draft202012Validator(one.schema, validate_formats=True).is_valid
            for value in () if name in BEYOND else filter(allows, (*TEXTS, *NUMBERS, *OTHERS)):
                with self.subTest(place, field=name, value=value):
                    tried += 1
                    if not (one.members and value):  # what members are, is tried at them
                        one(exactly(value), name)
        self.assertGreater(tried, 1000)

    def test_a_reader_of_a_query_takes_the_text_of_what_its_description_allows(self):
        for place, name, one in self.texts():
            allows = jsonschema_rs.Draft202012Validator(one.schema, validate_formats=True).is_valid
            for value in () if name in BEYOND else filter(allows, (*TEXTS, *NUMBERS, True, False)):
                with self.subTest(place, field=name, value=value):
                    one(value if isinstance(value, str) else json.dumps(value), name)

    def test_a_reader_refuses_what_is_of_a_kind_that_its_description_does_not_name(self):
        kinds = {"string": "x", "integer": 1, "boolean": True, "array": [1], "object": {"x": 1}}
        for place, name, one in self.fields():
            named = one.schema["type"]
            named = {*([named] if isinstance(named, str) else named)}
            named |= {"integer"} if "number" in named else set()
            for kind in kinds.keys() - named:
                with self.subTest(place, field=name), self.assertRaises(InvalidInput, msg=kind):
                    one(exactly(kinds[kind]), name)

    def test_every_field_has_a_type_and_an_example_that_it_takes(self):
        for place, name, one in self.fields():
            with self.subTest(place, field=name):
                self.assertIn("type", one.schema)
                if one.example is not None:
                    one(exactly(one.example), name)


def exactly(value):
    """Return a value as it is read from a body."""
    return json.loads(json.dumps(value), parse_float=Decimal, parse_int=Decimal)
