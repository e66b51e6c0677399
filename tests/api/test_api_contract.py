from contextlib import closing, contextmanager
from datetime import date
from itertools import islice
from urllib.parse import urlencode

import jsonschema_rs
from freezegun import freeze_time

from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import file_open

from ...core.api.endpoints import ALL
from ...core.api.examples import example_of
from ...core.api.idempotency import HEADER, fingerprint
from ...core.api.scopes import FIELDS
from ...models.base.engine import as_engine
from ..api_description import endpoint_of
from ..api_world_case import NOBODY, ApiWorldCase

MIB = 1024 * 1024
#: What no single request can provoke here, and the test that proves it.
ELSEWHERE = {
    "internal_error": "tests/api/test_api_failures.py",
    "unavailable": "tests/api/test_api_failures.py",
    "unknown_database": "tests/e2e/test_api_wire.py",
    "not_ready": "tests/operations/test_api_ready.py",
    # Of what runs on a replica: a test has no second connection for it to count in.
    "rate_limited": "tests/e2e/test_api_quotas.py",
    # Of what has no body: it needs a value that no reader takes, and the database does not hold.
    "invalid_payload": "tests/api/test_api_failures.py",
}
#: The same of one endpoint's.
ELSEWHERE_OF = {
    ("rotate_key", "invalid_state"): "tests/api/test_api_key_rotation.py",
    ("invoice_pdf", "pdf_unavailable"): "tests/api/test_api_documents.py",
}
VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
#: What is wrong for most fields; for each, two are tried that its schema refuses.
WRONG_TEXTS = ("", "x" * 256, "\0")
WRONG = ([], {}, -1, *WRONG_TEXTS)


@tagged("post_install", "-at_install")
class TestApiContract(ApiWorldCase):
    """Each error that an endpoint is declared to answer is one that it does answer.

    What can be told of an endpoint from its declaration is tried here for all. A code of its own
    has a maker in :data:`MAKERS`: a function that takes the test and the endpoint, and sends a
    request that is answered with the code.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        everything = dict.fromkeys(FIELDS.values(), True)
        cls.key = cls.service._generate_api_key(**everything)
        cls.nothing = cls.service._generate_api_key(**dict.fromkeys(FIELDS.values(), False))
        cls.away = cls.service._generate_api_key(**everything, allowed_networks="198.51.100.0/24")
        cls.busy = cls._service("busy", request_quota=1)
        cls.busy_key = cls.busy._generate_api_key(**everything)
        cls.env["fusion.billing.quota"]._take_request(cls.busy)
        cls.body = b"{}"

    # === THE TESTS === #

    def test_each_declared_code_of_each_endpoint_is_answered(self):
        for endpoint in ALL:
            for code in endpoint.codes:
                if not self._is_proved_elsewhere(endpoint, code):
                    with self.subTest(endpoint=endpoint.name, code=code):
                        self.assertProvoked(endpoint, code)

    def test_each_field_that_has_to_be_there_is_missed_by_name(self):
        for endpoint in ALL:
            for name, values in _lacking(endpoint.fields):
                if name == endpoint.members:
                    continue  # it is the body itself
                with self.subTest(endpoint=endpoint.name, field=name):
                    answer = self.request(endpoint, values).json()
                    told = [answer, *answer.get("errors", ())]
                    self.assertIn(
                        ("missing_field", name),
                        [(error["code"], error.get("field")) for error in told],
                    )

    def test_what_is_not_provoked_here_is_proved_elsewhere(self):
        own = {code: path for (_name, code), path in ELSEWHERE_OF.items()}
        for code, path in (*ELSEWHERE.items(), *own.items()):
            with file_open(f"fusion_billing/{path}") as file:
                self.assertIn(f'"{code}"', file.read())

    def test_every_maker_makes_a_code_that_is_declared(self):
        declared = {(endpoint.name, code) for endpoint in ALL for code in endpoint.codes}
        self.assertLessEqual(MAKERS.keys(), declared)

    def test_a_verb_that_is_not_declared_is_refused_and_the_others_are_named(self):
        for path in dict.fromkeys(map(self.path_of, ALL)):
            known = {verb for verb in VERBS if endpoint_of(verb, path)}
            allowed = known | ({"HEAD"} if "GET" in known else set())
            for verb in VERBS - known:
                with self.subTest(path=path, verb=verb):
                    response = self.send(verb, path)
                    self.assertError(response, 405, "method_not_allowed")
                    self.assertEqual(response.headers["Allow"], ", ".join(sorted(allowed)))

    # === PROVOKING === #

    def _is_proved_elsewhere(self, endpoint, code):
        is_of_it = {"rate_limited": endpoint.reads_only, "invalid_payload": not endpoint.has_body}
        is_general = code in ELSEWHERE and is_of_it.get(code, True)
        return is_general or (endpoint.name, code) in ELSEWHERE_OF

    def assertProvoked(self, endpoint, code):
        provoke = MAKERS.get((endpoint.name, code))
        if not provoke and code.removeprefix("invalid_") not in endpoint.query_fields:
            provoke = getattr(type(self), f"_{code}", None)
        if provoke is None and code.startswith("invalid_"):
            responses = list(self._invalid(endpoint, code))
        else:
            self.assertTrue(provoke, f"MAKERS has nothing for {endpoint.name} and {code}")
            responses = [provoke(self, endpoint)]
        self.assertTrue(responses, f"nothing of {endpoint.name} provokes {code}")
        for response in responses:
            self.assertTells(response, code)

    def assertTells(self, response, code):
        """The answer tells of the error, or of a batch in which there is one."""
        self.assertGreaterEqual(response.status_code, 400, response.text)
        answer = response.json()
        codes = {answer["code"], *(error["code"] for error in answer.get("errors", ()))}
        self.assertIn(code, codes, response.text)

    def _invalid(self, endpoint, code):
        """Yield answers to requests in which the field that a code is of has a wrong value."""
        wrong = WRONG if endpoint.has_body else WRONG_TEXTS
        for values in _spoiled(endpoint.fields, code.removeprefix("invalid_"), wrong):
            yield self.request(endpoint, values)
        for values in _spoiled(endpoint.query, code.removeprefix("invalid_"), WRONG_TEXTS):
            yield self.request(endpoint, query=f"?{urlencode(values)}")

    # === WHAT EVERY ENDPOINT REFUSES === #

    def _unauthorized(self, endpoint):
        return self.request(endpoint, key="wrong")

    def _insufficient_scope(self, endpoint):
        return self.request(endpoint, key=self.nothing)

    def _address_not_allowed(self, endpoint):
        return self.request(endpoint, key=self.away)

    def _rate_limited(self, endpoint):
        return self.request(endpoint, key=self.busy_key)

    def _not_found(self, endpoint):
        return self.request(
            endpoint, path=self.path_of(endpoint, **dict.fromkeys(endpoint.path_fields, NOBODY))
        )

    def _unknown_field(self, endpoint):
        if endpoint.members:  # its events may have attributes of others
            return self.request(endpoint, query="?nothing=x")
        return self.request(endpoint, {**example_of(endpoint.fields), "nothing": "x"})

    def _missing_field(self, endpoint):
        [name, *_] = [name for name, one in endpoint.fields.items() if one.is_required]
        return self.request(endpoint, {**example_of(endpoint.fields), name: None})

    # === WHAT EVERY BODY MAY BE WRONG IN === #

    def _invalid_payload(self, endpoint):
        return self.request(endpoint, b"5")

    def _invalid_json(self, endpoint):
        return self.request(endpoint, b"{")

    def _invalid_content_length(self, endpoint):
        return self.send(endpoint.verb, self.path_of(endpoint), headers={"Content-Length": "x"})

    def _invalid_transfer_encoding(self, endpoint):
        headers = {"Content-Type": "application/json"}
        return self.send(
            endpoint.verb, self.path_of(endpoint), headers=headers, data=iter([self.body])
        )

    def _payload_too_large(self, endpoint):
        return self.request(endpoint, b" " * (6 * MIB))

    def _unsupported_media_type(self, endpoint):
        return self.request(endpoint, headers={"Content-Type": "text/plain"})

    # === IDEMPOTENCY KEYS === #

    def _invalid_idempotency_key(self, endpoint):
        return self.request(endpoint, headers={HEADER: ""})

    def _idempotency_mismatch(self, endpoint):
        return self._again(endpoint, "another")

    def _secret_told_once(self, endpoint):
        path = {name: self.IN_PATHS[name](self.mine) for name in endpoint.path_fields}
        path["?"] = {}
        return self._again(endpoint, fingerprint(endpoint.name, path, self.body))

    def _again(self, endpoint, told):
        """Send a request whose key was used for what is told."""
        key = f"{endpoint.name}/{told}"
        kept = self.env["fusion.billing.kept.answer"]
        kept._keep(self.service, key, told, 200, b"{}", endpoint.tells_secret)
        return self.request(endpoint, self.body, headers={HEADER: key})

    def _idempotency_in_flight(self, endpoint):
        key = f"{endpoint.name}/in-flight"
        with self._holding(f"fusion_billing.kept_answer/{self.service.id}/{key}"):
            return self.request(endpoint, self.body, headers={HEADER: key})

    @contextmanager
    def _holding(self, name):
        """Hold a turn in another connection, as another worker does."""
        with closing(db_connect(self.env.cr.dbname).cursor()) as cr:
            cr.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            yield


def _spoiled(fields, name, wrong):
    """Yield examples of fields in which the one with this name has a wrong value, at any depth."""
    good = example_of(fields)
    for field, one in fields.items():
        if field == name:
            is_valid = jsonschema_rs.Draft202012Validator(one.schema).is_valid
            refused = (value for value in wrong if not is_valid(value))
            yield from ({**good, field: value} for value in islice(refused, 2))
        elif one.members:
            for row in _spoiled(one.members, name, wrong):
                yield {**good, field: _held(one, row)}


def _lacking(fields):
    """Yield the name of each field that has to be there, and an example without it."""
    good = example_of(fields)
    for field, one in fields.items():
        if one.is_required:
            yield field, {name: value for name, value in good.items() if name != field}
        for name, row in _lacking(one.members or {}):
            yield name, {**good, field: _held(one, row)}


def _held(field, row):
    """Return what a field has as its value whose only member is this."""
    return row if field.schema["type"] == "object" else [row]


# === WHAT SOME ENDPOINTS REFUSE, EACH IN ITS OWN WAY === #


def _with(**values):
    """A maker that sends the example with other values; None leaves a field out."""
    return lambda test, endpoint: test.request(endpoint, {**example_of(endpoint.fields), **values})


def _with_member(field, **values):
    """The same for the only member of a list."""

    def make(test, endpoint):
        good = example_of(endpoint.fields)
        return test.request(endpoint, {**good, field: [{**good[field][0], **values}]})

    return make


def _with_members(field, *members):
    """A maker that sends the example with these members instead; True stands for the good one."""

    def make(test, endpoint):
        good = example_of(endpoint.fields)
        [one] = good[field]
        return test.request(
            endpoint, {**good, field: [one if member is True else member for member in members]}
        )

    return make


def _body(body):
    return lambda test, endpoint: test.request(endpoint, body)


def _repeated(**values):
    """A maker that sends a request once, and then with other values."""

    def make(test, endpoint):
        good = {**example_of(endpoint.fields), "external_id": "twice"}
        test.assertOk(test.request(endpoint, good), 201)
        return test.request(endpoint, {**good, **values})

    return make


def _used(test, endpoint):
    """There is a counter of a later day."""
    test._use(test.mine.subscription, 1, "2026-01-20")
    return test.request(endpoint, {"date": "2026-01-15"})


def _removed(test, endpoint):
    """Usage of the counter's days is settled, and was removed."""
    order, good = test.mine.subscription, example_of(endpoint.fields)
    test._use(order, 1, "2026-01-10", idempotency_key=good["idempotency_key"])
    as_engine(order).fusion_usage_kept_from = date(2026, 1, 11)
    response = test.request(endpoint)
    as_engine(order).fusion_usage_kept_from = False
    return response


def _begun(test, endpoint):
    """The change to come has come."""
    with freeze_time("2099-02-01 12:00:00"):
        return test.request(endpoint)


def _resumption(test, endpoint):
    """There is a counter of the days that would belong to the pause."""
    order = test._own_subscription("paused", partner_id=test.mine.link.partner_id.id)
    with freeze_time("2026-01-05 12:00:00"):
        order._fusion_pause(date(2026, 1, 10), date(2026, 1, 17))
        test._use(order, 5, "2026-01-17")
        change = order._fusion_planned_one_by_one()[-1]
        name = f"{change.kind}-{change.record.id}"
        path = test.path_of(endpoint, subscription_id=str(order.id), change_id=name)
        return test.request(endpoint, path=path)


def _unpriced(test, endpoint):
    """Its charge is in a currency that has no rate."""
    euro = test._foreign("EUR", {"2026-01-01": 0.8})
    pricelist = test.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
    order = test._own_subscription(
        f"{endpoint.name}-eur", partner_id=test.mine.link.partner_id.id, pricelist_id=pricelist.id
    )
    euro.rate_ids.unlink()
    return test.request(endpoint, path=test.path_of(endpoint, subscription_id=str(order.id)))


def _asking(test, endpoint):
    """The key that asks."""
    key = test.service.api_key_ids.filtered(lambda found: found.prefix == test.key[:12])
    return test.request(endpoint, path=test.path_of(endpoint, key_id=str(key.id)))


def _draft(test, endpoint):
    invoice = test.mine.subscription.invoice_ids[:1]
    invoice.button_draft()
    return test.request(endpoint)


def _many_secrets(test, endpoint):
    for _number in range(20):
        test.service._generate_webhook_secret(overlap_hours=24)
    return test.request(endpoint)


def _without_endpoint(test, endpoint):
    url, test.service.webhook_url = test.service.webhook_url, False
    response = test.request(endpoint)
    test.service.webhook_url = url
    return response


NOTHING = "nothing"
_before = _with(date="2025-12-31")  # before its first day

MAKERS = {
    ("create_subscription", "conflict"): _repeated(start_date="2026-01-06"),
    ("create_subscription", "missing_field"): _with(external_customer_id=None),
    ("create_subscription", "unknown_customer"): _with(external_customer_id=NOTHING),
    ("create_subscription", "unknown_plan"): _with(plan_code=NOTHING),
    ("create_subscription", "unknown_product"): _with(
        external_id=NOTHING, lines=[{"product_code": NOTHING, "quantity": 1}]
    ),
    ("list_subscriptions", "unknown_customer"): _with(external_customer_id=NOTHING),
    ("list_subscriptions", "unknown_plan"): _with(plan_code=NOTHING),
    ("pause_subscription", "invalid_state"): _before,
    ("pause_subscription", "usage_after_end"): _used,
    ("resume_subscription", "invalid_state"): _before,
    ("cancel_subscription", "invalid_state"): _before,
    ("cancel_subscription", "usage_after_end"): _used,
    ("change_plan", "invalid_state"): _before,
    ("change_plan", "missing_field"): _with(plan_code=None),
    ("change_plan", "unknown_plan"): _with(plan_code=NOTHING),
    ("add_item", "unknown_product"): _with(product_code=NOTHING),
    ("add_item", "conflict"): _with(),
    ("add_item", "invalid_state"): _with(**{"from": "2025-12-31"}),
    ("change_item", "invalid_state"): _with(**{"from": "2025-12-31"}),
    ("take_back_change", "invalid_state"): _begun,
    ("take_back_change", "usage_after_end"): _resumption,
    ("period_usage", "invalid_state"): _unpriced,
    ("upcoming_invoice", "invalid_state"): _unpriced,
    ("push_usage", "invalid_event"): _with_members("events", 5),
    ("push_usage", "unknown_subscription"): _with_member(
        "events", subscription_external_id=NOTHING
    ),
    ("push_usage", "unknown_metric"): _with_member("events", metric_code=NOTHING),
    ("push_usage", "period_outside_subscription"): _with_member(
        "events", period_start="2025-12-31T00:00:00Z"
    ),
    ("push_usage", "duplicate_key_in_batch"): _with_members("events", True, True),
    ("push_events", "invalid_events"): _body(b"[]"),
    ("push_events", "invalid_event"): _with_members("events", 5),
    ("push_events", "missing_field"): _with_member("events", type=None),
    ("push_events", "unknown_subscription"): _with_member("events", subject=NOTHING),
    ("push_events", "unknown_metric"): _with_member("events", type=NOTHING),
    ("push_events", "period_outside_subscription"): _with_member(
        "events", time="2025-12-31T00:00:00Z"
    ),
    ("push_events", "duplicate_key_in_batch"): _with_members("events", True, True),
    ("delete_usage", "period_outside_subscription"): _removed,
    ("delete_usage", "missing_field"): _with(metric_code=None),
    ("delete_usage", "unknown_subscription"): _with(subscription_external_id=NOTHING),
    ("delete_usage", "unknown_metric"): _with(metric_code=NOTHING),
    ("list_usage", "unknown_subscription"): _with(subscription_id=NOBODY),
    ("list_usage", "unknown_metric"): _with(subscription_id=None, metric_code=NOTHING),
    ("revoke_key", "invalid_state"): _asking,
    ("list_invoices", "unknown_customer"): _with(
        subscription_id=None, external_customer_id=NOTHING
    ),
    ("list_invoices", "unknown_subscription"): _with(subscription_id=NOBODY),
    ("invoice_pdf", "invalid_state"): _draft,
    ("list_ledger", "unknown_subscription"): _with(subscription_id=NOBODY),
    ("rotate_secret", "invalid_state"): _many_secrets,
    ("sandbox_clock", "not_a_sandbox"): _with(),
    ("advance_clock", "not_a_sandbox"): _with(),
    ("reset_sandbox", "not_a_sandbox"): _with(),
    ("estimate", "missing_field"): _with(plan_code=None),
    ("estimate", "unknown_plan"): _with(plan_code=NOTHING),
    ("estimate", "unknown_metric"): _with(quantities={NOTHING: 1}),
    ("reconcile", "invalid_row"): _with_members("rows", 5),
    ("reconcile", "duplicate_row"): _with_members("rows", True, True),
    ("replay_deliveries", "missing_field"): _with(failed_since=None),
    ("replay_deliveries", "endpoint_not_ready"): _without_endpoint,
    ("retry_delivery", "endpoint_not_ready"): _without_endpoint,
    ("test_endpoint", "endpoint_not_ready"): _without_endpoint,
}
