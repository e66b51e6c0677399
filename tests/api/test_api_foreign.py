import re

from odoo.tests import tagged

from ...core.api.endpoints import ALL
from ...core.api.examples import example_of
from ...core.api.scopes import FIELDS
from ..api_world_case import NOBODY, ApiWorldCase


@tagged("post_install", "-at_install")
class TestApiForeign(ApiWorldCase):
    """U1: of what another service has, nobody learns more than of what does not exist."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.service._generate_api_key(**dict.fromkeys(FIELDS.values(), True))

    def test_every_field_of_a_path_is_known_here(self):
        """A new one needs a record in each world: `IN_PATHS`."""
        named = {name for endpoint in ALL for name in endpoint.path_fields}
        self.assertEqual(named, self.IN_PATHS.keys())

    def test_a_path_that_names_anothers_is_like_one_that_names_nothing(self):
        for endpoint in ALL:
            for name in endpoint.path_fields:
                nothing = self._told(
                    self.request(endpoint, path=self._path(endpoint, name)), NOBODY
                )
                for theirs in self._theirs(name):
                    with self.subTest(endpoint.name, field=name, value=theirs):
                        response = self.request(endpoint, path=self._path(endpoint, name, theirs))
                        self.assertError(response, 404, "not_found")
                        self.assertEqual(self._told(response, theirs), nothing)

    def _theirs(self, name):
        """What a field of a path would name of others, in each way."""
        worlds = self.others[1:] if name in self.IN_CATALOG else self.others
        for record in filter(None, (self.IN_PATHS[name], self.ALSO_IN_PATHS.get(name))):
            yield from filter(None, map(record, worlds))

    def test_a_record_of_mine_is_found_at_each_path(self):
        """What the others' tests would not see: that nothing is found at all."""
        # What is taken back is gone when the plan has changed once more.
        for endpoint in sorted(ALL, key=lambda one: one.verb != "DELETE"):
            if endpoint.path_fields:
                with self.subTest(endpoint.name):
                    response = self.request(endpoint)
                    self.assertNotEqual(response.status_code, 404, response.text)

    def test_a_field_that_names_anothers_is_like_one_that_names_nothing(self):
        tried = set()
        for endpoint in ALL:
            for name, record in {**self.IN_FIELDS, **self.IN_CATALOG}.items():
                for world in self.others if name in self.IN_FIELDS else self.others[1:]:
                    theirs = record(world)
                    for values, instead in zip(
                        _named(endpoint.fields, name, theirs),
                        _named(endpoint.fields, name, NOBODY),
                        strict=True,
                    ):
                        tried.add(name)
                        with self.subTest(endpoint.name, field=name, value=theirs):
                            told = self._told(self.request(endpoint, values), theirs)
                            self.assertIn(told[0], STATUSES.get(endpoint.name, (4,)), told)
                            self.assertEqual(
                                told, self._told(self.request(endpoint, instead), NOBODY)
                            )
        self.assertEqual(tried, {*self.IN_FIELDS, *self.IN_CATALOG})

    def test_no_list_shows_what_another_service_has(self):
        for endpoint in ALL:
            if endpoint.verb == "GET" and endpoint.scope == "read":
                text = self.request(endpoint, {}).text
                for world in self.others:
                    for name in self._names(world):
                        with self.subTest(endpoint.name, name=name):
                            self.assertNotIn(name, text)

    def _names(self, world):
        """What another world alone has, in words: numbers stand for other things, too."""
        code = world.service.code
        yield from (world.customer, f"sub-{code}", world.event.event_id)
        if world.company != self.company:
            yield from (world.plan.code, world.metric.code)

    def _path(self, endpoint, name, value=NOBODY):
        return self.path_of(endpoint, **{name: value})

    def _told(self, response, name):
        """Status and words of an answer, without what names the record or the request."""
        facts = response.json().items()
        told = {field: value for field, value in facts if field not in VARYING}
        return response.status_code // 100, re.sub(rf"\b{re.escape(name)}\b", "…", str(told))


def _named(fields, name, value):
    """Yield examples of fields in which one names a record by this value, at any depth."""
    good = example_of(fields)
    for field, one in fields.items():
        if field == name:
            yield _only({**good, field: value}, field)
        elif one.members and field in good:
            for row in _named(one.members, name, value):
                yield {**good, field: row if one.schema["type"] == "object" else [row]}


#: What differs from one answer to the next, whatever is asked.
VARYING = {"request_id", "reconciliation_id", "compared_at", "created"}
#: A comparison says of what is not there that it is missing.
STATUSES = {"reconcile": (2,)}

#: Of two fields that name the same, only one may be there.
ALTERNATIVES = (
    {"plan_id", "plan_code"},
    {"subscription_id", "subscription_external_id"},
    {"product_id", "product_code"},
)


def _only(values, field):
    """Leave out the other names of what a field names."""
    others = {name for names in ALTERNATIVES if field in names for name in names - {field}}
    return {name: value for name, value in values.items() if name not in others}
