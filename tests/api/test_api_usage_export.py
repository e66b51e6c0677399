"""The export of what changed. What commits at the same time is tried with real processes."""

import base64
import json
from datetime import datetime, timedelta

from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from ...models.api import usage_export
from ..api_usage_case import ApiUsageCase

LONG_AGO = datetime(2026, 1, 20)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-31 12:00:00")
class TestApiUsageExport(ApiUsageCase):
    def export(self, **query):
        parameters = "&".join(f"{name}={value}" for name, value in query.items())
        response = self.get(f"/usage/export?{parameters}")
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(response.headers["Content-Type"], "application/x-ndjson")
        return [json.loads(line) for line in response.text.splitlines()]

    def keys(self, lines):
        return [line["idempotency_key"] for line in lines]

    def _changed(self, *keys):
        """Let counters with these keys have changed one minute after the other."""
        for minutes, key in enumerate(keys):
            moment = LONG_AGO + timedelta(minutes=minutes)
            for table, column in (("usage", "write_date"), ("usage_correction", "create_date")):
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s WHERE idempotency_key = %s",
                        SQL.identifier(f"fusion_billing_{table}"),
                        SQL.identifier(column),
                        moment,
                        key,
                    )
                )
        self.env.invalidate_all()

    def _end_now(self):
        """Let the export end now: a test is an open transaction, and there may be others."""
        self.patch(usage_export, "HORIZON", "SELECT clock_timestamp() AT TIME ZONE 'UTC'")

    def _push_keys(self, keys, **fields):
        self.push(*[self._event(idempotency_key=key, **fields) for key in keys])

    # === LINES === #

    def test_a_line_says_all_of_a_counter(self):
        event = self._event(idempotency_key="k", value="user-7", dimensions={"region": "eu"})
        self.push(event)
        self._changed("k")
        [line] = self.export()
        usage = self.env["fusion.billing.usage"].search([])
        self.assertEqual(
            {name: value for name, value in line.items() if name != "cursor"},
            {
                **event,
                "usage_id": usage.id,
                "subscription_id": self.subscription.id,
                "deleted": False,
                "changed_at": "2026-01-20T00:00:00Z",
            },
        )
        [listed] = self.assertOk(self.get("/usage"))["usage"]
        self.assertLessEqual(listed.items(), line.items())

    def test_counters_come_in_the_order_in_which_they_changed(self):
        self._push_keys("abcd")
        self._changed("c", "a", "d", "b")
        self.assertEqual(self.keys(self.export()), list("cadb"))

    def test_a_counter_that_changes_comes_again_as_it_is_then(self):
        self._end_now()
        self._push_keys("ab")
        self._changed("a", "b")
        cursor = self.export()[-1]["cursor"]
        self._push_keys("a", quantity="3")
        [line] = self.export(cursor=cursor)
        self.assertEqual((line["idempotency_key"], line["quantity"]), ("a", "3"))
        self.assertEqual(self.keys(self.export()), ["b", "a"])

    def test_a_change_by_staff_comes_too(self):
        self._end_now()
        self._push_keys("ab")
        self._changed("a", "b")
        cursor = self.export()[-1]["cursor"]
        usage = self.env["fusion.billing.usage"].search([("idempotency_key", "=", "b")])
        usage.quantity = 7
        self.env.flush_all()
        self.assertEqual([line["quantity"] for line in self.export(cursor=cursor)], ["7"])

    def test_a_deleted_counter_comes_with_what_it_said(self):
        self._push_keys("ab", quantity="0.10", dimensions={"region": "eu"})
        usage = self.env["fusion.billing.usage"].search([("idempotency_key", "=", "a")])
        number = usage.id
        usage.unlink()
        self._changed("b", "a")
        stored, deleted = self.export()
        self.assertEqual((stored["deleted"], deleted["deleted"]), (False, True))
        self.assertEqual(
            (deleted["usage_id"], deleted["quantity"], deleted["dimensions"]),
            (number, "0.1", {"region": "eu"}),
        )
        self.assertEqual(self.export(cursor=deleted["cursor"]), [])

    def test_what_a_correction_replaced_is_no_line_of_its_own(self):
        self._push_keys("a")
        self._push_keys("a", quantity="3")
        self._changed("a")
        self.assertEqual([line["quantity"] for line in self.export()], ["3"])

    # === PAGES === #

    def test_any_line_is_a_place_to_go_on_from(self):
        self._push_keys("abcdefg")
        self.env["fusion.billing.usage"].search([("idempotency_key", "in", ["b", "e"])]).unlink()
        self._changed("f", "b", "a", "g", "e", "c", "d")
        whole = self.export()
        self.assertEqual(self.keys(whole), list("fbagecd"))
        for position, line in enumerate(whole):
            self.assertEqual(self.export(cursor=line["cursor"]), whole[position + 1 :])
        for size in (1, 2, 3):
            lines, page = [], self.export(limit=size)
            while page:
                self.assertLessEqual(len(page), size)
                lines += page
                page = self.export(limit=size, cursor=page[-1]["cursor"])
            self.assertEqual(lines, whole)

    def test_counters_of_one_moment_are_told_apart(self):
        self._push_keys("abc")
        self.env.cr.execute(SQL("UPDATE fusion_billing_usage SET write_date = %s", LONG_AGO))
        self.env.invalidate_all()
        first = self.export(limit=1)
        self.assertEqual(self.keys(first), ["a"])
        self.assertEqual(self.keys(self.export(cursor=first[0]["cursor"])), ["b", "c"])

    def test_an_export_begins_where_somebody_says(self):
        self._push_keys("abc")
        self._changed("a", "b", "c")
        self.assertEqual(self.keys(self.export(changed_since="2026-01-20T00:01:00Z")), ["b", "c"])
        self.assertEqual(self.export(changed_since="2026-01-20T00:02:00.000001Z"), [])

    def test_what_may_still_be_joined_by_others_is_not_told_yet(self):
        self._push_keys("ab")
        self._changed("a", "b")
        self.env.cr.execute(
            "UPDATE fusion_billing_usage SET write_date = clock_timestamp() AT TIME ZONE 'UTC'"
            " WHERE idempotency_key = 'b'"
        )
        self.env.invalidate_all()
        self.assertEqual(self.keys(self.export()), ["a"])

    def test_a_longer_page_takes_no_more_queries(self):
        self.remember_keys()
        self._push_keys([str(number) for number in range(30)])
        self._changed(*[str(number) for number in range(30)])
        self.export(limit=1)
        counts = []
        for size in (2, 30):
            before = self.cr.sql_log_count
            self.assertEqual(len(self.export(limit=size)), size)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts)

    # === WHOSE === #

    def test_the_counters_of_others_are_not_told(self):
        """U1."""
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        theirs = self._subscribe("2026-01-01", partner_id=stranger.id)
        self._use(theirs, 5, "2026-01-10", idempotency_key="t")
        self._use(theirs, 5, "2026-01-10", idempotency_key="d").unlink()
        self._push_keys("a")
        self._changed("t", "d", "a")
        self.assertEqual(self.keys(self.export()), ["a"])

    def test_the_external_id_of_another_service_is_not_told(self):
        other = self._service("nexadesk")
        order = self._subscribe(fusion_service_id=other.id, fusion_external_id="theirs")
        self._use(order, 5, "2026-01-10", idempotency_key="k")
        self._changed("k")
        [line] = self.export()
        self.assertIsNone(line["subscription_external_id"])

    # === WHAT IS REFUSED === #

    def test_what_an_export_is_asked_for_must_make_sense(self):
        def cursor(text):
            return base64.urlsafe_b64encode(text).decode()

        for query, code, field in (
            ("limit=0", "invalid_limit", "limit"),
            ("limit=10001", "invalid_limit", "limit"),
            ("limit=x", "invalid_limit", "limit"),
            ("changed_since=now", "invalid_changed_since", "changed_since"),
            ("cursor=x", "invalid_cursor", "cursor"),
            ("cursor=", "invalid_cursor", "cursor"),
            (f"cursor={cursor(b'5')}", "invalid_cursor", "cursor"),
            (f"cursor={cursor(b'05-1')}", "invalid_cursor", "cursor"),
            (f"cursor={cursor(b'5-9999999999')}", "invalid_cursor", "cursor"),
            ("cursor=%C3%A9", "invalid_cursor", "cursor"),
            ("from=2026-01-01T00:00:00Z", "unknown_field", "from"),
        ):
            with self.subTest(query=query):
                self.assertError(self.get(f"/usage/export?{query}"), 400, code, field)

    def test_only_who_may_read_may_export(self):
        self.env["fusion.billing.api.key"].search([]).write({"scope_read": False})
        self.assertError(self.get("/usage/export"), 403, "insufficient_scope")
