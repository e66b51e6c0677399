"""U3: the correction log knows what a counter said before each change, and outlives the counter."""

from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..staff_case import StaffCase

CHANGES = {
    "quantity": 8,
    "value": "bob",
    "dimensions": {"region": "us"},
    "period_start": "2026-01-09 00:00:00",
    "period_end": "2026-01-11 00:00:00",
    "idempotency_key": "k2",
}
SAID = {
    "quantity": 5,
    "value": "ann",
    "dimensions": {"region": "eu"},
    "period_start": datetime(2026, 1, 10),
    "period_end": datetime(2026, 1, 10, 1),
    "idempotency_key": "k1",
}


@tagged("post_install", "-at_install")
class TestCorrectionLog(StaffCase):
    def setUp(self):
        super().setUp()
        self.seats = self._metric("seats")
        self.subscription = self._subscribe()
        said = {name: SAID[name] for name in ("value", "dimensions", "idempotency_key")}
        self._ingest(self._event(self.subscription, "5", **said))
        self.usage = self.subscription.fusion_usage_ids

    def _log(self):
        return self.env["fusion.billing.usage.correction"].search(
            [("subscription_id", "=", self.subscription.id)]
        )

    def _assert_says(self, correction, **more):
        self.assertEqual(len(correction), 1)
        said = {**SAID, "subscription_id": self.subscription, "metric_id": self.calls, **more}
        self.assertEqual({name: correction[name] for name in said}, said)

    def test_every_change_is_kept_whatever_is_changed_and_by_whom(self):
        changes = {**CHANGES, "metric_id": self.seats.id}
        for user in (self.clerk, self.manager, self.env.user):
            for name, value in changes.items():
                with self.subTest(user.login, field=name), self.env.cr.savepoint() as savepoint:
                    self.usage.with_user(user).write({name: value})
                    self._assert_says(self._log(), source=user.login, deleted=False)
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_every_field_of_a_counter_is_kept_or_fixed(self):
        """A field that is new is known here, or fails here."""
        stored = {
            name
            for name, field in self.usage._fields.items()
            if field.store and field.column_type and name not in ("id", "create_date", "write_date")
        }
        fixed = {name for name in stored if getattr(self.usage._fields[name], "fixed", False)}
        self.assertEqual(fixed, {"subscription_id", "source"})
        self.assertEqual(stored - fixed, {*CHANGES, "metric_id", "create_uid", "write_uid"})

    def test_who_pushed_a_counter_is_not_changed(self):
        for name, value in (("source", "maps"), ("subscription_id", self._subscribe().id)):
            with self.assertRaisesRegex(UserError, "You cannot change"):
                self.usage.with_user(self.manager).write({name: value})

    def test_a_counter_that_is_deleted_stays_in_the_log(self):
        self.usage.with_user(self.manager).unlink()
        self._assert_says(self._log(), source=self.manager.login, deleted=True, new_quantity=0)
        self.assertFalse(self._log().usage_id)

    def test_corrections_stay_when_their_counter_is_deleted(self):
        self.usage.quantity = 6
        self._ingest(self._event(self.subscription, "7", idempotency_key="k1"))
        self.usage.unlink()
        self.assertEqual(self._log().mapped("quantity"), [7, 6, 5])
        self.assertEqual(self._log().mapped("deleted"), [True, False, False])

    def test_an_app_s_correction_says_the_same(self):
        self._ingest(self._event(self.subscription, "7", idempotency_key="k1"), source="maps")
        self._assert_says(self._log(), source="maps", new_quantity=7, deleted=False)

    def test_every_digit_of_a_deleted_counter_is_kept(self):
        """M1."""
        quantity = "123456789012345678.123456"
        self._ingest(self._event(self.subscription, quantity, idempotency_key="k1"))
        self.usage.unlink()
        self.assertEqual(self._numeric_text(self._log()[:1], "quantity"), quantity)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_the_log_of_a_deleted_counter_is_its_company_s(self):
        abroad = self.env["res.company"].create({"name": "Abroad"})
        stranger = self._user(
            "stranger",
            "fusion_billing.group_manager",
            company_id=abroad.id,
            company_ids=[(6, 0, abroad.ids)],
        )
        self.usage.unlink()
        log = self._log()
        self.assertTrue(log.with_user(self.clerk).read())
        self.assertFalse(log.with_user(stranger).search([("id", "in", log.ids)]))
        with self.assertRaises(AccessError):
            log.with_user(stranger).read()

    def test_nothing_removes_or_changes_the_log(self):
        self.usage.unlink()
        log = self._log().with_user(self.manager)
        for act in (log.unlink, lambda: log.write({"quantity": 1}), lambda: log.copy()):
            with self.assertRaises(AccessError):
                act()
