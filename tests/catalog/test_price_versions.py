"""Prices that change at a date, and the ledger that remembers them."""

from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import ConcurrencyError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestPriceVersions(BillingCase):
    def _version(self, charge, day, **vals):
        charge.write({"version_ids": [(0, 0, {"valid_from": day, **vals})]})
        return charge.version_ids.sorted()[:1]

    def _ledger(self, subscription):
        return [
            (rating.date_from.isoformat(), rating.version_id.price_per_unit, rating.amount)
            for rating in subscription.fusion_rating_ids.sorted("date_from")
            if rating.breakdown
        ]

    def test_a_charge_turns_to_tiers_in_one_save(self):
        charge = self._charge()
        charge.write(
            {
                "charge_model": "graduated",
                "tier_ids": [
                    Command.create({"up_to": 10, "unit_amount": 2}),
                    Command.create({"unit_amount": 1}),
                ],
            }
        )
        self.assertEqual(charge.charge_model, "graduated")
        self.assertEqual(charge.tier_ids.mapped("unit_amount"), [2, 1])

    def test_a_run_leaves_it_to_the_next_one_to_show_new_prices_while_somebody_bills(self):
        charge = self._charge()
        later = self._version(charge, "2026-02-01", price_per_unit=3)
        busy = patch.object(type(charge), "_hold", side_effect=ConcurrencyError)
        with busy as hold:
            self._rate_at("2026-02-01")
        hold.assert_called()
        self.assertEqual(charge.price_per_unit, 1)
        self._rate_at("2026-02-01")
        self.assertEqual(charge.version_id, later)

    def test_prices_can_be_changed_while_others_do_not_see_the_tables_yet(self):
        charge, registry = self._charge(), type(self.env.registry)
        with (
            patch.object(self.env.registry, "ready", False),
            patch.object(registry, "cursor", side_effect=AssertionError("another transaction")),
        ):
            charge.price_per_unit = 2
        self.assertEqual(charge.price_per_unit, 2)

    def test_t2_a_period_is_rated_at_the_prices_of_its_first_day(self):
        charge = self._charge()
        self._version(charge, "2026-01-16", price_per_unit=3)
        subscription = self._subscribe()
        self._use(subscription, 10, "2026-01-20")
        self._use(subscription, 10, "2026-02-20")
        self._rate_at("2026-02-20")
        self.assertEqual(self._ledger(subscription), [("2026-01-01", 1, 10), ("2026-02-01", 3, 30)])

    def test_prices_that_start_on_a_period_s_first_day_rate_it(self):
        charge = self._charge()
        self._version(charge, "2026-01-01", price_per_unit=3)
        subscription = self._subscribe()
        self._use(subscription, 10)
        self._rate()
        self.assertEqual(self._ledger(subscription), [("2026-01-01", 3, 30)])

    def test_a_price_change_splits_the_period_if_the_charge_says_so(self):
        charge = self._charge(split_at_version=True)
        self._version(charge, "2026-01-16", price_per_unit=3)
        self.assertEqual(charge.price_per_unit, 3)
        subscription = self._subscribe()
        self._use(subscription, 10, "2026-01-15 23:59:59")
        self._use(subscription, 10, "2026-01-16 00:00:00")
        self._rate()
        self.assertEqual(self._ledger(subscription), [("2026-01-01", 1, 10), ("2026-01-16", 3, 30)])

    def test_m2_two_price_changes_in_a_period_make_three_lines_that_sum_to_the_invoice(self):
        charge = self._charge(split_at_version=True)
        for day, price in (("2026-01-11", 2), ("2026-01-21", 4)):
            self._version(charge, day, price_per_unit=price)
        subscription = self._subscribe()
        for day in ("05", "15", "25"):
            self._use(subscription, 1, f"2026-01-{day}")
        self._bill_at("2026-02-01")
        self.assertEqual(
            sorted(subscription.invoice_ids.invoice_line_ids.mapped("price_unit")), [1, 2, 4]
        )
        self.assertEqual(self._invoiced(subscription), [7])

    def test_r3_a_period_is_split_at_the_local_midnight(self):
        self.company.fusion_billing_tz = "America/New_York"
        charge = self._charge(split_at_version=True)
        self._version(charge, "2026-03-09", price_per_unit=3)
        subscription = self._subscribe("2026-03-01")
        self._use(subscription, 1, "2026-03-09 03:59:59")
        self._use(subscription, 1, "2026-03-09 04:00:00")
        self._rate()
        self.assertEqual(self._ledger(subscription), [("2026-03-01", 1, 1), ("2026-03-09", 3, 3)])

    def test_prices_that_are_not_billed_are_corrected_where_they_stand(self):
        charge = self._charge()
        subscription = self._subscribe()
        self._use(subscription, 10)
        self._rate()
        charge.version_id.price_per_unit = 7
        self._rate()
        self.assertEqual(len(charge.version_ids), 1)
        self.assertEqual(self._ledger(subscription), [("2026-01-01", 7, 70)])

    def test_a_version_is_edited_moved_and_withdrawn_while_the_period_is_open(self):
        charge = self._charge(split_at_version=True)
        version = self._version(charge, "2026-01-16", price_per_unit=3)
        subscription = self._subscribe()
        self._use(subscription, 10, "2026-01-20")
        self._rate()
        self.assertEqual(self._amounts(subscription), [30])
        version.price_per_unit = 4
        self._rate()
        self.assertEqual(self._amounts(subscription), [40])
        version.valid_from = "2026-01-21"
        self._rate()
        self.assertEqual(self._amounts(subscription), [10])
        charge.write({"version_ids": [(2, version.id)]})
        self._rate()
        self.assertEqual(self._amounts(subscription), [10])
        self.assertEqual(charge.price_per_unit, 1)

    def test_the_last_prices_of_a_charge_stay(self):
        charge = self._charge()
        with self.assertRaisesRegex(UserError, "cannot delete the only prices"):
            charge.version_id.unlink()

    def test_an_open_period_that_is_cut_short_leaves_no_row_of_its_second_half(self):
        charge = self._charge(split_at_version=True)
        self._version(charge, "2026-01-16", price_per_unit=3)
        subscription = self._subscribe()
        self._use(subscription, 1, "2026-01-05")
        self._use(subscription, 1, "2026-01-20")
        self._rate()
        with freeze_time("2026-01-10 12:00:00"):
            subscription._fusion_close(discard_usage=True)
        self.assertEqual(self._ledger(subscription), [("2026-01-01", 1, 1)])
        self.assertEqual(self._invoiced(subscription), [1])

    def test_t2_changed_prices_of_a_rated_charge_start_on_the_day_of_the_change(self):
        charge = self._charge(price_per_unit=1, included_quota=5)
        subscription = self._subscribe()
        for month in (1, 2, 3):
            self._use(subscription, 10, f"2026-{month:02}-15")
        self._rate()
        with freeze_time("2026-02-10"):
            charge.write({"price_per_unit": 2})
            charge.write({"included_quota": 0})
        self.assertEqual(
            charge.version_ids.sorted().mapped("valid_from"), [date(2026, 2, 10), False]
        )
        self._rate_at("2026-03-20")
        self.assertEqual(
            self._ledger(subscription),
            [("2026-01-01", 1, 5), ("2026-02-01", 1, 5), ("2026-03-01", 2, 20)],
        )

    def test_r3_the_day_of_a_change_is_the_billing_zone_s(self):
        self.company.fusion_billing_tz = "Australia/Lord_Howe"
        charge = self._charge()
        self._use(self._subscribe(), 1)
        self._rate()
        with freeze_time("2026-02-27 20:00:00"):
            charge.price_per_unit = 2
        self.assertEqual(charge.version_id.valid_from, date(2026, 2, 28))

    @freeze_time("2026-01-20 12:00:00")
    def test_t2_prices_that_are_changed_on_a_day_that_is_billed_start_on_the_next_one(self):
        charge = self._charge(split_at_version=True)
        subscription = self._subscribe()
        self._use(subscription, 10, "2026-01-20")
        subscription._fusion_close()
        charge.price_per_unit = 2
        charge.price_per_unit = 3
        self.assertEqual(
            [
                (str(version.valid_from or ""), version.price_per_unit)
                for version in charge.version_ids.sorted(reverse=True)
            ],
            [("", 1), ("2026-01-21", 3)],
        )
        self.assertEqual(self._ledger(subscription), [("2026-01-01", 1, 10)])

    def test_t2_new_tiers_of_a_billed_charge_leave_the_old_ones_to_explain_its_invoices(self):
        charge = self._charge(charge_model="volume", tier_ids=self._tiers((10, 1), (0, 2)))
        old = charge.version_id
        subscription = self._subscribe()
        self._use(subscription, 11)
        self._bill_at("2026-02-01")
        with freeze_time("2026-02-10"):
            self._version(charge, "2026-02-01", charge_model="volume", tier_ids=self._tiers((0, 5)))
            self._use(subscription, 11, "2026-02-10")
            self._use(subscription, 1, "2026-01-10")
            self._rate()
        self.assertEqual(old.tier_ids.mapped("unit_amount"), [1, 2])
        self.assertEqual(self._amounts(subscription, "2026-01-01"), [24])
        self.assertEqual(self._amounts(subscription, "2026-02-01"), [55])

    def test_before_its_first_prices_a_charge_costs_nothing(self):
        charge = self._charge(price_per_unit=3)
        charge.version_id.valid_from = "2026-01-16"
        subscription = self._subscribe()
        self._use(subscription, 10, "2026-01-10")
        self._use(subscription, 10, "2026-01-20")
        self._rate()
        self.assertEqual(self._ledger(subscription), [("2026-01-16", 3, 30)])


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestTiers(BillingCase):
    def test_m2_tiers_reach_the_ledger_with_their_flat_amounts_and_the_bounds_of_the_period(self):
        self._charge(
            charge_model="graduated",
            minimum_amount=10,
            maximum_amount=1000,
            tier_ids=self._tiers((100, 1), (0, "0.5", 7)),
        )
        subscription = self._subscribe()
        usage = self._use(subscription, 120)
        for quantity, amount in ((120, 117), (100, 100), (3, 10), (5000, 1000)):
            usage.quantity = quantity
            self._rate()
            self.assertEqual(self._amounts(subscription), [amount])

    def test_copying_a_plan_copies_its_charges_with_their_tiers(self):
        self._charge(charge_model="volume", tier_ids=self._tiers((100, 1), (0, "0.5")))
        copy = self.plan.copy().charge_ids
        self.assertEqual(copy.tier_ids.mapped("up_to"), [100, 0])
        self.assertNotEqual(copy.version_id, self.plan.charge_ids.version_id)
        self.assertEqual(copy.version_id.charge_id, copy)

    def test_a_table_of_tiers_is_checked_as_it_is_saved_and_not_row_by_row(self):
        charge = self._charge(charge_model="graduated", tier_ids=self._tiers((100, 1), (0, "0.5")))
        with Form(charge) as form:
            with form.tier_ids.edit(1) as tier:
                tier.up_to = 1000
            with form.tier_ids.new() as tier:
                tier.unit_amount = 0.2
        self.assertEqual(charge.tier_ids.mapped("up_to"), [100, 1000, 0])
        with Form(charge) as form:
            form.tier_ids.remove(2)
            with form.tier_ids.edit(1) as tier:
                tier.up_to = 0
        self.assertEqual(charge.tier_ids.mapped("up_to"), [100, 0])
        for commands in ([Command.delete(charge.tier_ids[1].id)], [Command.clear()]):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                charge.write({"tier_ids": commands})
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                charge.version_id.write({"tier_ids": commands})

    def _billed(self):
        """A charge whose two tiers have been billed."""
        charge = self._charge(charge_model="graduated", tier_ids=self._tiers((100, 1), (0, "0.5")))
        subscription = self._subscribe()
        self._use(subscription, 120)
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(subscription), [110])
        return charge

    def test_t2_a_tier_that_is_edited_in_the_charge_s_form_holds_from_today(self):
        charge = self._billed()
        billed = charge.version_id
        with freeze_time("2026-02-10"), Form(charge) as form, form.tier_ids.edit(0) as tier:
            tier.unit_amount = 3
        self.assertEqual(billed.tier_ids.mapped("unit_amount"), [1, 0.5])
        self.assertNotEqual(charge.version_id, billed)
        self.assertEqual(charge.tier_ids.mapped("unit_amount"), [3, 0.5])

    def test_t2_a_tier_that_is_removed_in_the_charge_s_form_stays_billed(self):
        charge = self._billed()
        billed = charge.version_id
        with freeze_time("2026-02-10"), Form(charge) as form:
            form.tier_ids.remove(0)
        self.assertEqual(billed.tier_ids.mapped("unit_amount"), [1, 0.5])
        self.assertEqual(charge.tier_ids.mapped("unit_amount"), [0.5])

    def test_t2_nobody_edits_the_tiers_of_another_charge_through_this_one(self):
        tier = self._billed().tier_ids[0]
        other = self._charge(
            self._metric("seats"), charge_model="graduated", tier_ids=self._tiers((0, 1))
        )
        for command in (
            Command.update(tier.id, {"unit_amount": 0}),
            Command.delete(tier.id),
            Command.unlink(tier.id),
            Command.link(tier.id),
        ):
            with self.subTest(command), self.env.cr.savepoint() as savepoint:
                with self.assertRaisesRegex(UserError, "You cannot change"):
                    other.write({"tier_ids": [command]})
                savepoint.rollback()
                self.env.invalidate_all()

    def test_t2_prices_that_wait_have_a_table_of_their_own(self):
        charge = self._billed()
        with freeze_time("2026-02-10"):
            self._use(charge.plan_id.subscription_ids, 1, "2026-02-05")
            self._rate()
            charge.write({"minimum_amount": 1})
            waiting = charge.version_ids.sorted()[:1]
            self.assertNotEqual(waiting, charge.version_ids.sorted()[1:2])
            self.assertEqual(waiting.tier_ids.mapped("unit_amount"), [1, 0.5])
            charge.write({"tier_ids": [Command.update(charge.tier_ids[0].id, {"unit_amount": 9})]})
        self.assertEqual(charge.tier_ids.mapped("unit_amount"), [9, 0.5])
