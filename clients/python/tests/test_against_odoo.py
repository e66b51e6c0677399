"""The client and a real server: the way of an app, and what must not be lost on it."""

import contextlib
import io
import os
import tempfile
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from chaos_case import ChaosCase
from fusion_billing_client import (
    AuthenticationError,
    Client,
    ConflictError,
    Meter,
    NotFoundError,
    UnknownRecordError,
    UsageAfterEndError,
    cli,
)

from e2e.api_case import BEGAN, METRIC, ApiServerCase

setUpModule = ApiServerCase.start

SEED = 1
ROUNDS = 2


class TestWayOfAnApp(ApiServerCase):
    def setUp(self):
        super().setUp()
        self.client = Client(self.server.url, self.key)

    def test_from_the_first_customer_to_what_usage_comes_to(self):
        client, at = self.client, datetime(2026, 1, 1, 12, 30, tzinfo=timezone.utc)
        self.assertTrue(client.register_customer("cust/7", name="Acme")["created"])
        self.assertFalse(client.register_customer("cust/7", name="Acme")["created"])
        made = client.create_subscription(
            "cust/7", "metered", external_id="acme", start_date=date(2026, 1, 1)
        )
        number = made["subscription_id"]
        self.assertEqual(client.aggregations(), {METRIC: "sum"})
        with (
            tempfile.TemporaryDirectory() as folder,
            Meter(client, client.aggregations(), spool=folder) as meter,
        ):
            for _ in range(10):
                meter.record("acme", METRIC, "20.000001", at=at, dimensions={"region": "eu"})
            meter.record(number, METRIC, 100, at=at, durable=True)
            meter.record("stranger", METRIC, 1, at=at)
            self.assertTrue(meter.flush())
            self.assertEqual([one.code for one in meter.refused()], ["unknown_subscription"])
        stored = client.usage(subscription_id=number, since=at.replace(minute=0))
        told = {(one["quantity"], *one["dimensions"].values()) for one in stored}
        self.assertEqual(told, {("200.00001", "eu"), ("100",)})
        [charge] = client.period_usage(number, "2026-01-10")["charges"]
        self.assertEqual((charge["quantity"], charge["amount"]), ("300.00001", "2.50"))
        self.assertIn(made["external_id"], client.customer("cust/7")["subscriptions"][0].values())
        self.assert_errors(client, number)

    def assert_errors(self, client, number):
        with self.assertRaises(UsageAfterEndError) as caught:
            client.cancel_subscription(number, BEGAN)
        self.assertEqual(caught.exception.count, 2)
        self.assertTrue(caught.exception.request_id)
        self.assertEqual(client.register_customer("cust/7", name="Other")["kept"], [])
        self.assertEqual(client.update_customer("cust/7", city="Paris")["city"], "Paris")
        self.assertEqual(client.subscription("acme")["subscription_id"], number)
        self.assertEqual(client.items("acme"), [])
        client.pause_subscription("acme", date(2099, 1, 1))
        [pause] = client.changes("acme")
        self.assertEqual(client.take_back_change("acme", pause["change_id"]), [])
        with self.assertRaises(ConflictError):
            client.create_subscription(
                "cust/7", "metered", external_id="acme", start_date=date(2026, 1, 2)
            )
        with self.assertRaises(NotFoundError):
            client.subscription(10**6)
        with self.assertRaises(UnknownRecordError):
            client.create_subscription("cust/7", "no such plan")
        with self.assertRaises(AuthenticationError):
            Client(self.server.url, "fbk_wrong").catalog()

    def test_a_file_of_usage_is_stored_once(self):
        path = Path(self.enterContext(tempfile.TemporaryDirectory()), "usage.csv")
        hours = [f"{BEGAN}T{hour:02}:00:00Z,{BEGAN}T{hour:02}:59:59Z" for hour in range(24)]
        rows = [
            f"{self.names[0]},{METRIC},{number}.5,{hour},eu" for number, hour in enumerate(hours)
        ]
        head = "subscription_external_id,metric_code,quantity,period_start,period_end,dimensions.in"
        path.write_text("\n".join([head, *rows]))
        environment = {"FUSION_API_KEY": self.key, "FUSION_URL": self.server.url}
        with patch.dict(os.environ, environment), contextlib.redirect_stderr(io.StringIO()):
            for arguments in (["--dry-run"], [], []):
                self.assertEqual(cli.main(["push", str(path), *arguments]), cli.STORED)
            path.write_text("\n".join([head, rows[0].replace(METRIC, "unheard")]))
            self.assertEqual(cli.main(["push", str(path)]), cli.WRONG)
        self.assertEqual(
            sorted(map(Decimal, self.stored().values())), [n + Decimal("0.5") for n in range(24)]
        )

    def test_a_list_of_many_pages_is_whole(self):
        events = [{**self.event(number), "quantity": Decimal(number)} for number in range(1, 1201)]
        self.assertEqual(self.client.push_usage(events)["inserted"], 1200)
        told = sorted(int(one["quantity"]) for one in self.client.usage(metric_code=METRIC))
        self.assertEqual(told, list(range(1, 1201)))


class TestChaos(ChaosCase):
    def test_whatever_is_killed_cut_off_or_full_the_count_is_exact(self):
        self.assert_exact(SEED, ROUNDS, restarts={1})
