from unittest.mock import patch

import psycopg2
from psycopg2.pool import PoolError

from odoo.exceptions import ValidationError

from ...core.api.scopes import FIELDS
from ..api_case import ApiCase

NOTHING = dict.fromkeys(FIELDS.values(), False)


class TestApiScopes(ApiCase):
    """A key is good for what staff ticked, and from where they said."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls._own_subscription("sub-42")

    def _key(self, *scopes, **terms):
        held = {FIELDS[scope]: True for scope in scopes}
        return self.service._generate_api_key(**{**NOTHING, **held, **terms})

    def _routes(self):
        """Yield of each endpoint that asks for a key: its scope, verb and path."""
        for rule in self.env["ir.http"].routing_map().iter_rules():
            routing = rule.endpoint.routing
            if routing["type"] == "fusion" and routing["endpoint"].scope and "/v1/" in rule.rule:
                [verb] = routing["methods"]
                path = rule.rule.removeprefix("/fusion/api/v1")
                yield routing["endpoint"].scope, verb, path.replace("<", "").replace(">", "")

    def test_each_endpoint_asks_for_its_scope_and_no_other(self):
        keys = {scope: self._key(scope) for scope in FIELDS}
        routes = set(self._routes())
        self.assertGreater(len(routes), 15)
        self.assertEqual({scope for scope, _verb, _path in routes}, FIELDS.keys())
        for wanted, verb, path in routes:
            for scope, key in keys.items():
                with self.subTest(verb=verb, path=path, scope=scope):
                    body = None if verb == "GET" else {}
                    response = self.send(verb, path, body, key=key)
                    if scope == wanted:
                        self.assertNotIn(response.status_code, (401, 403, 500))
                        continue
                    self.assertIn(
                        wanted, self.assertError(response, 403, "insufficient_scope")["error"]
                    )
                    self.assertEqual(
                        response.headers["WWW-Authenticate"],
                        f'Bearer error="insufficient_scope", scope="{wanted}"',
                    )

    def test_what_each_route_changes_needs_more_than_reading(self):
        for scope, verb, path in self._routes():
            self.assertEqual(
                scope in ("read", "operations"), verb == "GET" or path == "/estimate", path
            )

    def test_a_key_is_for_apps_and_not_for_watching_unless_somebody_says_so(self):
        self.assertEqual(
            self.service.api_key_ids._scopes(),
            ["usage:write", "read", "billing:write", "webhooks:write"],
        )

    def test_a_change_of_scopes_holds_from_the_next_request_on(self):
        key = self._key("read")
        record = self.service.api_key_ids.filtered(lambda found: found.prefix == key[:12])
        self.assertOk(self.get("/catalog", key=key))
        record.scope_read = False
        self.assertError(self.get("/catalog", key=key), 403, "insufficient_scope")
        record.scope_read = True
        self.assertOk(self.get("/catalog", key=key))

    # === NETWORKS === #

    def test_a_key_is_good_from_its_networks_alone(self):
        here = self._key("read", allowed_networks="198.51.100.0/24, 127.0.0.0/8")
        self.assertOk(self.get("/catalog", key=here))
        elsewhere = self._key("read", allowed_networks="198.51.100.0/24")
        answer = self.assertError(self.get("/catalog", key=elsewhere), 403, "address_not_allowed")
        self.assertIn("127.0.0.1", answer["error"])

    def test_no_header_moves_a_request_to_another_network(self):
        """A1: but those of a proxy that Odoo is told of."""
        key = self._key("read", allowed_networks="198.51.100.7")
        headers = {
            name: "198.51.100.7"
            for name in (
                "X-Forwarded-For",
                "X-Real-IP",
                "Forwarded",
                "X-Forwarded-Host",
                "Client-IP",
            )
        }
        response = self.get(
            "/catalog", key=key, headers={"Authorization": f"Bearer {key}", **headers}
        )
        self.assertError(response, 403, "address_not_allowed")

    def test_networks_are_networks(self):
        for networks in ("here", "198.51.100.7/24", "198.51.100.0/24; 10.0.0.0/8"):
            with self.subTest(networks), self.assertRaisesRegex(ValidationError, "no network"):
                self._key("read", allowed_networks=networks)

    # === WHAT IS TOLD === #

    def test_what_a_key_may_is_told_when_it_changes(self):
        """A2."""
        key = self.service.api_key_ids
        for change, words in (
            (
                {"scope_operations": True},
                "usage:write, read, billing:write, webhooks:write, operations",
            ),
            (NOTHING, "nothing"),
            ({"allowed_networks": "198.51.100.7"}, "may be used from 198.51.100.7"),
            ({"allowed_networks": False}, "from everywhere"),
        ):
            with self.subTest(change=change):
                key.write(change)
                self.assertIn(words, self.service.message_ids[0].body)
                self.assertNotIn(self.key, self.service.message_ids[0].body)

    def test_the_dialog_makes_the_key_that_it_shows(self):
        dialog = self.env["fusion.billing.api.key.wizard"].create(
            {
                "service_id": self.service.id,
                "scope_billing_write": False,
                "allowed_networks": "198.51.100.7",
            }
        )
        raw = dialog.action_generate()["context"]["default_key"]
        key = self.service.api_key_ids.filtered(lambda found: found.prefix == raw[:12])
        self.assertEqual(key._scopes(), ["usage:write", "read", "webhooks:write"])
        self.assertEqual(key.allowed_networks, "198.51.100.7")


class TestQuotas(ApiCase):
    def test_a_request_that_cannot_be_counted_is_answered(self):
        """Without a second connection, too: the quota protects, it does not bill."""
        self.service.write({"request_quota": 1, "event_quota": 1})
        quota = self.env["fusion.billing.quota"]
        for error in (psycopg2.OperationalError, psycopg2.InterfaceError, PoolError):
            with (
                self.subTest(error),
                patch.object(self.env.registry, "cursor", side_effect=error("full")),
            ):
                self.assertEqual(quota._take_request(self.service), ())
                self.assertEqual(quota._take_events(self.service, 1), ())


class TestOwnSubscriptionsOnly(ApiCase):
    """A service may be limited to the subscriptions that it created."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._own_subscription("sub-42")
        cls.foreign = cls._subscribe("2026-01-01")
        cls.service.sees_own_only = True

    def test_others_of_the_same_customer_are_answered_like_those_that_do_not_exist(self):
        """U1."""
        listed = self.assertOk(self.get("/subscriptions"))["subscriptions"]
        self.assertEqual([found["subscription_id"] for found in listed], [self.own.id])
        customer = self.assertOk(self.get("/customers/acme"))
        self.assertNotIn(f'"subscription_id": {self.foreign.id}', str(customer).replace("'", '"'))
        for verb, path in (
            ("GET", ""),
            ("GET", "/usage"),
            ("POST", "/pause"),
            ("POST", "/resume"),
            ("POST", "/cancel"),
        ):
            body = None if verb == "GET" else {}
            foreign = self.send(verb, f"/subscriptions/{self.foreign.id}{path}", body)
            nothing = self.send(verb, f"/subscriptions/999999999{path}", body)
            self.assertError(foreign, 404, "not_found")
            named = foreign.json()["error"].replace(f"'{self.foreign.id}'", "'999999999'")
            self.assertEqual(named, nothing.json()["error"])

    def test_usage_of_others_is_neither_taken_nor_shown(self):
        """U1, U2."""
        theirs = {"subscription_external_id": None, "subscription_id": self.foreign.id}
        self.service.sees_own_only = False
        self.assertOk(self.push(self._event(**theirs)))
        self.service.sees_own_only = True
        self.assertOk(self.push(self._event()))
        for name in (
            {"subscription_id": self.foreign.id},
            {"subscription_external_id": str(self.foreign.id)},
        ):
            event = self._event(
                **{"subscription_external_id": None, **name, "idempotency_key": "2"}
            )
            self.assertError(self.push(event), 400, "unknown_subscription")
        listed = self.assertOk(self.get("/usage"))["usage"]
        self.assertEqual({found["subscription_id"] for found in listed}, {self.own.id})

    def test_it_is_told_of_no_others(self):
        self.service.webhook_url = "https://hooks.nexacloud.example/fusion"
        self.assertEqual(self.own._fusion_services(), self.service)
        self.assertFalse(self.foreign._fusion_services())
        self.service.sees_own_only = False
        self.assertEqual(self.foreign._fusion_services(), self.service)

    def test_an_event_that_is_listed_names_none_of_others(self):
        """U1: an invoice may bill several."""
        self.service.webhook_url = "https://hooks.nexacloud.example/fusion"
        deliveries = self.env["fusion.billing.webhook.delivery"]
        for subscription in (self.own, self.foreign):
            deliveries._emit("invoice.paid", self.service, lambda _service: {}, subscription)
        listed = self.assertOk(self.get("/webhooks/deliveries"))["deliveries"]
        self.assertEqual({found["subscription_id"] for found in listed}, {self.own.id, None})

    def test_the_limit_is_told_in_the_chatter(self):
        tracked = self.service._track_get_fields()
        self.assertLessEqual({"sees_own_only", "request_quota", "event_quota"}, tracked)
