import json
import re
from urllib.parse import quote

from odoo.tests import tagged
from odoo.tools import file_open

from ..api_case import ApiCase

MIB = 1024 * 1024


@tagged("post_install", "-at_install")
class TestApiBadInput(ApiCase):
    """A1: every malformed request gets the documented 4xx in JSON, and writes nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._own_subscription("sub-42")

    def assertRefused(self, response, status, code, field=None):
        with self.assertNothingWritten():
            return self.assertError(response, status, code, field)

    def assertEventRefused(self, code, field, **fields):
        answer = self.assertRefused(self.push(self._event(**fields)), 400, code)
        self.assertEqual(
            [(error["index"], error["code"], error["field"]) for error in answer["errors"]],
            [(0, code, field)],
        )

    # === BODIES === #

    def test_a_body_that_is_not_json_is_refused(self):
        for body in (
            b"hello",
            b"{",
            b'{"events": [}',
            b"<xml/>",
            b"a=b",
            b'{"a": "\xff"}',
            b"\x00",
            '{"events": []}'.encode("utf-16"),
        ):
            with self.subTest(body=body):
                self.assertRefused(self.post("/usage", body), 400, "invalid_json")

    def test_json_nested_100_000_deep_is_refused(self):
        for body in (b'{"events":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"a":' * 100_000):
            with self.subTest(start=body[:10]):
                self.assertRefused(self.post("/usage", body), 400, "invalid_json")

    def test_a_body_that_is_no_object_is_refused(self):
        for body in (b"[]", b"null", b"true", b'"x"', b"1"):
            with self.subTest(body=body):
                self.assertRefused(self.post("/usage", body), 400, "invalid_payload")

    def test_a_name_that_stands_twice_is_refused(self):
        body = b'{"events": [], "events": []}'
        self.assertRefused(self.post("/usage", body), 400, "invalid_json")

    def test_numbers_that_are_none_are_refused(self):
        event = json.dumps(self._event())
        for number in (b"NaN", b"Infinity", b"-Infinity"):
            with self.subTest(number=number):
                body = event.replace('"1250.5"', "%s").encode() % number
                self.assertRefused(
                    self.post("/usage", b'{"events": [%s]}' % body), 400, "invalid_json"
                )

    def test_a_number_beyond_all_quantities_is_refused(self):
        event = json.dumps(self._event()).replace('"1250.5"', "1e400")
        answer = self.assertRefused(
            self.post("/usage", b'{"events": [%s]}' % event.encode()), 400, "invalid_quantity"
        )
        self.assertEqual(answer["errors"][0]["field"], "quantity")

    def test_nul_and_halves_of_surrogate_pairs_are_refused(self):
        for text in ("\0", "a\0b", "\ud800", "\udfff\ud800"):
            for fields in (
                {"value": text},
                {"idempotency_key": text},
                {"metric_code": text},
                {"dimensions": {text: "x"}},
                {"dimensions": {"x": text}},
                {"subscription_external_id": text},
                {text: "x"},
            ):
                with self.subTest(text=text, fields=fields):
                    self.assertRefused(self.push(self._event(**fields)), 400, "invalid_payload")
            customer = {"external_id": "new", "name": text}
            self.assertRefused(self.post("/customers", customer), 400, "invalid_payload")

    def test_a_body_over_5_mib_is_refused(self):
        body = json.dumps({"events": [], "x": "y" * (6 * MIB)}).encode()
        self.assertRefused(self.post("/usage", body), 413, "payload_too_large")

    def test_another_content_type_is_refused(self):
        body = json.dumps({"events": [self._event()]}).encode()
        for content_type in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "application/json-patch+json",
            "",
            "x",
        ):
            with self.subTest(content_type=content_type):
                self.assertRefused(
                    self.post("/usage", body, headers={"Content-Type": content_type}),
                    415,
                    "unsupported_media_type",
                )

    def test_a_content_type_may_name_its_charset(self):
        response = self.push(
            self._event(), headers={"Content-Type": "application/json; charset=utf-8"}
        )
        self.assertOk(response)

    def test_an_empty_body_lacks_its_fields(self):
        self.assertRefused(self.send("POST", "/usage", b""), 400, "missing_field", "events")
        self.assertRefused(self.send("POST", "/usage"), 400, "missing_field", "events")

    def test_a_chunked_body_is_refused(self):
        def chunks():
            yield json.dumps({"events": [self._event()]}).encode()

        response = self.send(
            "POST", "/usage", headers={"Content-Type": "application/json"}, data=chunks()
        )
        self.assertRefused(response, 400, "invalid_transfer_encoding", "transfer_encoding")

    # === BATCHES === #

    def test_a_batch_has_1_to_5000_events(self):
        for events in ([], None, {}, "x", 5, True, self._event()):
            code = "missing_field" if events is None else "invalid_events"
            with self.subTest(events=events):
                self.assertRefused(self.post("/usage", {"events": events}), 400, code, "events")
        self.assertRefused(self.push(*[{}] * 5001), 413, "payload_too_large")
        answer = self.assertRefused(self.push(*[{}] * 5000), 400, "missing_field")
        self.assertEqual((len(answer["errors"]), answer["errors_total"]), (100, 5000 * 5))

    def test_an_unknown_field_in_a_body_is_refused(self):
        self.assertRefused(
            self.post("/usage", {"events": [self._event()], "dry_run": True}),
            400,
            "unknown_field",
            "dry_run",
        )
        self.assertRefused(
            self.post("/customers", {"external_id": "x", "adress": "Main St"}),
            400,
            "unknown_field",
            "adress",
        )
        self.assertEventRefused("unknown_field", "idempotencyKey", idempotencyKey="x")

    def test_an_event_is_an_object(self):
        for event in (None, True, 1, "x", []):
            with self.subTest(event=event):
                self.assertRefused(self.push(event), 400, "invalid_event")

    def test_booleans_are_no_numbers(self):
        self.assertEventRefused("invalid_quantity", "quantity", quantity=True)
        self.assertEventRefused(
            "invalid_subscription_id",
            "subscription_id",
            subscription_external_id=None,
            subscription_id=True,
        )

    def test_what_is_no_quantity_is_refused(self):
        for quantity in (
            "",
            " ",
            "NaN",
            "Infinity",
            "-1",
            -1,
            "1e3",
            "1,5",
            [],
            {},
            10**18,
            "0.0000001",
        ):
            with self.subTest(quantity=quantity):
                self.assertEventRefused("invalid_quantity", "quantity", quantity=quantity)

    def test_what_is_no_time_is_refused(self):
        for time in ("2026-02-30T00:00:00Z", "2026-01-10", "yesterday", 1767225600, True, ""):
            for field in ("period_start", "period_end"):
                with self.subTest(field=field, time=time):
                    self.assertEventRefused(f"invalid_{field}", field, **{field: time})

    def test_a_period_must_end_after_it_starts_and_not_start_tomorrow(self):
        self.assertEventRefused(
            "invalid_period_end", "period_end", period_end="2026-01-10T00:00:00Z"
        )
        self.assertEventRefused(
            "invalid_period_start",
            "period_start",
            period_start="2099-01-01T00:00:00Z",
            period_end="2099-01-02T00:00:00Z",
        )

    def test_texts_are_bounded(self):
        for field in ("idempotency_key", "value", "metric_code"):
            for text in ("", "x" * 256, 5, [], {}):
                with self.subTest(field=field, text=text):
                    self.assertEventRefused(f"invalid_{field}", field, **{field: text})

    def test_dimensions_are_a_small_object(self):
        for dimensions in ([], "x", {"a": None}, {"a": {}}, {str(n): 1 for n in range(21)}):
            with self.subTest(dimensions=dimensions):
                self.assertEventRefused("invalid_dimensions", "dimensions", dimensions=dimensions)

    def test_ids_beyond_the_database_name_nothing(self):
        for number in (2**31, 2**63, 10**30, 0):
            with self.subTest(number=number):
                self.assertEventRefused(
                    "unknown_subscription",
                    "subscription_id",
                    subscription_external_id=None,
                    subscription_id=number,
                )
                self.assertEventRefused(
                    "unknown_subscription",
                    "subscription_external_id",
                    subscription_external_id=number,
                )
                self.assertRefused(self.get(f"/subscriptions/{number}"), 404, "not_found")
                self.assertRefused(
                    self.get(f"/usage?subscription_id={number}"),
                    400,
                    "unknown_subscription",
                    "subscription_id",
                )
                self.assertRefused(
                    self.post(
                        "/subscriptions", {"external_customer_id": "acme", "plan_id": number}
                    ),
                    400,
                    "unknown_plan",
                    "plan_id",
                )

    # === QUERIES AND PATHS === #

    def test_an_unknown_field_in_a_query_is_refused(self):
        for path in (
            "/",
            "/health",
            "/docs",
            "/customers",
            "/customers/acme",
            "/customers/acme/collection",
            "/subscriptions",
            "/subscriptions/1/items",
            "/subscriptions/1/changes",
            "/usage",
            "/catalog",
            "/plans",
            "/plans/pro",
            "/metrics/api_calls",
            "/invoices",
            "/invoices/1",
            "/invoices/1.pdf",
            "/ledger",
            "/keys",
            "/webhooks/endpoint",
            "/webhooks/deliveries/evt_0",
            "/reconciliation",
        ):
            with self.subTest(path=path):
                self.assertRefused(self.get(f"{path}?offset=1"), 400, "unknown_field", "offset")
        self.assertRefused(
            self.post("/usage?dry=1", {"events": [self._event()]}), 400, "unknown_field", "dry"
        )

    def test_what_a_list_is_asked_for_must_make_sense(self):
        for query, code, field in (
            ("limit=0", "invalid_limit", "limit"),
            ("limit=501", "invalid_limit", "limit"),
            ("limit=x", "invalid_limit", "limit"),
            ("limit=", "invalid_limit", "limit"),
            ("limit=1&limit=2", "invalid_limit", "limit"),
            ("cursor=x", "invalid_cursor", "cursor"),
            ("cursor=%00", "invalid_cursor", "cursor"),
            ("cursor=%ff", "invalid_cursor", "cursor"),
            ("FROM=1&FROM=2", "unknown_field", "FROM"),
            ("x=%00", "unknown_field", "x"),
        ):
            for path in (
                "/customers",
                "/subscriptions",
                "/usage",
                "/invoices",
                "/ledger",
                "/plans",
                "/keys",
                "/reconciliation",
            ):
                with self.subTest(path=path, query=query):
                    self.assertRefused(self.get(f"{path}?{query}"), 400, code, field)

    def test_what_usage_is_asked_for_must_make_sense(self):
        for query, code, field in (
            ("subscription_id=x", "invalid_subscription_id", "subscription_id"),
            ("metric_code=", "invalid_metric_code", "metric_code"),
            ("metric_code=nothing", "unknown_metric", "metric_code"),
            ("from=2026-02-30T00:00:00Z", "invalid_from", "from"),
            ("to=now", "invalid_to", "to"),
            ("from=2026-01-01&from=2026-01-02", "invalid_from", "from"),
            ("metric_code=a%00b", "invalid_metric_code", "metric_code"),
        ):
            with self.subTest(query=query):
                self.assertRefused(self.get(f"/usage?{query}"), 400, code, field)

    def test_codes_are_those_of_the_guide_whatever_the_caller_writes(self):
        """A program can only act on a code that somebody has written down."""
        with file_open("fusion_billing/docs/api.md") as guide:
            words = set(re.findall(r"\w+", guide.read()))
        for name in ("FROM", "a b", "é", "\0", "invalid", "x" * 300, "1", "code", "limit", "__"):
            quoted = quote(name)
            for response in (
                self.get(f"/usage?{quoted}=1&{quoted}=2"),
                self.get(f"/catalog?{quoted}=%00"),
                self.post(f"/usage?{quoted}=1"),
                self.post("/customers", {name: 1, "external_id": [name]}),
                self.push({name: name}, self._event(dimensions={name: [name]})),
                self.post("/subscriptions", {"lines": [{name: name}]}),
                self.post("/estimate", {"plan_code": name, "quantities": {name: name}}),
                self.post("/reconciliation", {name: name, "rows": [{name: name}]}),
            ):
                self.assertEqual(response.status_code, 400)
                answer = response.json()
                for error in (answer, *answer.get("errors", ())):
                    field = error["code"].removeprefix("invalid_")
                    self.assertTrue({error["code"], field} & (words | {"event", "row"}), error)

    def test_a_path_that_is_not_there_is_not_found(self):
        for path in (
            "/nothing",
            "/usage/1",
            "//usage",
            "/usage/../x",
            "/subscriptions/1/close",
            "/%ff",
            "/customers/a%00b",
            "/customers/" + "x" * 300,
            "/subscriptions/x",
            "/subscriptions/-1",
            "/subscriptions/1.0",
            "/subscriptions/%D9%A3",
        ):
            with self.subTest(path=path):
                self.assertRefused(self.get(path), 404, "not_found")

    def test_a_path_without_version_is_not_found_in_the_same_way(self):
        for path in (
            "/fusion/api/v2",
            "/fusion/api/v2/usage",
            "/fusion/api//v1",
            "/fusion//api/v1/catalog",
            "/fr/fusion/api/v1/catalog",
            "/en_US/fusion/api/v1/catalog",
            "/sr@latin//fusion/api",
        ):
            with self.subTest(path=path):
                response = self.url_open(path, allow_redirects=False)
                self.assertRefused(response, 404, "not_found")

    # === VERBS === #

    def test_other_verbs_are_refused_and_the_right_ones_named(self):
        for path, allowed in (
            ("/", "GET, HEAD"),
            ("/health", "GET, HEAD"),
            ("/docs", "GET, HEAD"),
            ("/openapi.json", "GET, HEAD"),
            ("/ready", "GET, HEAD"),
            ("/metrics", "GET, HEAD"),
            ("/customers", "GET, HEAD, POST"),
            ("/customers/acme", "GET, HEAD, PATCH"),
            ("/customers/acme/collection", "GET, HEAD"),
            ("/subscriptions", "GET, HEAD, POST"),
            ("/subscriptions/1", "GET, HEAD"),
            ("/subscriptions/1/pause", "POST"),
            ("/subscriptions/1/resume", "POST"),
            ("/subscriptions/1/cancel", "POST"),
            ("/subscriptions/1/usage", "GET, HEAD"),
            ("/subscriptions/external:a/b/cancel", "GET, HEAD, POST"),
            ("/subscriptions/1/items", "GET, HEAD, POST"),
            ("/subscriptions/1/items/1", "PATCH"),
            ("/subscriptions/1/changes", "GET, HEAD"),
            ("/subscriptions/1/changes/plan-1", "DELETE"),
            ("/usage", "DELETE, GET, HEAD, POST"),
            ("/usage/export", "GET, HEAD"),
            ("/events", "POST"),
            ("/subscriptions/1/change_plan", "POST"),
            ("/catalog", "GET, HEAD"),
            ("/plans", "GET, HEAD"),
            ("/plans/pro", "GET, HEAD"),
            ("/metrics/api_calls", "GET, HEAD"),
            ("/invoices", "GET, HEAD"),
            ("/invoices/1", "GET, HEAD"),
            ("/invoices/1.pdf", "GET, HEAD"),
            ("/ledger", "GET, HEAD"),
            ("/keys", "GET, HEAD"),
            ("/keys/rotate", "DELETE, POST"),
            ("/keys/1", "DELETE"),
            ("/webhooks/endpoint", "GET, HEAD, PATCH"),
            ("/webhooks/secret", "POST"),
            ("/estimate", "POST"),
            ("/reconciliation", "GET, HEAD, POST"),
            ("/reconciliation/1", "GET, HEAD"),
            ("/sandbox/clock", "GET, HEAD, POST"),
            ("/sandbox/reset", "POST"),
        ):
            for verb in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"}:
                if verb in allowed:
                    continue
                with self.subTest(verb=verb, path=path):
                    response = self.send(verb, path)
                    self.assertRefused(response, 405, "method_not_allowed")
                    self.assertEqual(response.headers["Allow"], allowed)

    def test_head_answers_like_get_without_a_body(self):
        response = self.send("HEAD", "/catalog")
        self.assertEqual((response.status_code, response.content), (200, b""))
        self.assertAnswer(response)
