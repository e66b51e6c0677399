"""What setting prices shows before anything is saved."""

from decimal import Decimal

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestPriceCurve(BillingCase):
    def _dialog(self, **typed):
        dialog = Form(self.env["fusion.billing.charge"])
        dialog.plan_id = self.plan
        dialog.metric_id = self.calls
        dialog.product_id = self.usage_product
        for name, value in typed.items():
            setattr(dialog, name, value)
        return dialog

    def _points(self, curve):
        return [tuple(point) for point in curve["points"]]

    def test_it_draws_the_prices_that_are_typed_as_they_are_charged_once_saved(self):
        dialog = self._dialog(included_quota=100, charge_model="graduated", minimum_amount=7)
        for up_to, price in ((1000, "0.5"), (0, "0.125")):
            with dialog.tier_ids.new() as tier:
                tier.up_to, tier.unit_amount = up_to, price
        typed = dialog.price_curve
        charge = dialog.save()
        self.assertEqual(typed, charge.price_curve)
        self.assertEqual(typed["marks"][:2], [["0", "$7.00"], ["100", "$7.00"]])
        for quantity, amount in self._points(typed):
            priced = charge.version_id._price(Decimal(repr(quantity)))
            self.assertAlmostEqual(float(priced.amount), amount, places=9)

    def test_it_follows_what_is_typed(self):
        dialog = self._dialog(price_per_unit=1)
        before = self._points(dialog.price_curve)
        dialog.price_per_unit = 3
        after = self._points(dialog.price_curve)
        self.assertEqual([(x, y * 3) for x, y in before], after)

    def test_prices_of_a_quota_that_nobody_reaches_are_drawn_and_written_too(self):
        charge = self._charge(included_quota="999999999999999999", price_per_unit=25000)
        self.assertEqual(
            charge.price_curve["marks"][-1],
            ["1,500,000,000,000,000,000", "$12,500,000,000,000,000,000,000.00"],
        )

    def test_what_makes_no_sense_is_said_in_the_dialog_with_charge_and_row(self):
        dialog = self._dialog(charge_model="volume")
        self.assertEqual(
            dialog.price_curve, {"error": "API calls: There must be at least one tier."}
        )
        for up_to in (100, 50, 0):
            with dialog.tier_ids.new() as tier:
                tier.up_to = up_to
        self.assertIn("API calls: Tier 2 must end above 100", dialog.price_curve["error"])

    def test_a_refusal_names_the_charge(self):
        charge = self._charge()
        with self.assertRaisesRegex(ValidationError, "pro / API calls: Minimum 5"):
            charge.write({"minimum_amount": 5, "maximum_amount": 1})

    def test_a_tier_says_above_what_it_begins(self):
        charge = self._charge(
            charge_model="graduated", tier_ids=self._tiers((100, 1), (250, 2), (0, 3))
        )
        self.assertEqual(charge.tier_ids.mapped("above"), [0, 100, 250])


@tagged("post_install", "-at_install")
class TestCodes(BillingCase):
    def test_a_code_comes_from_the_name_and_is_free(self):
        for code in ("pro-monthly", "pro-monthly-2"):
            plan = self.env["fusion.billing.plan"].create({"name": "Pró, monthly"})
            self.assertEqual(plan.code, code)
        metric = self.env["fusion.billing.metric"].create({"name": "GB stored"})
        self.assertEqual(metric.code, "gb_stored")

    def test_a_code_stays_when_the_name_changes(self):
        self.plan.name = "Other"
        self.assertEqual(self.plan.code, "pro")

    def test_the_form_shows_the_code_before_it_is_saved_and_keeps_what_is_typed(self):
        form = Form(self.env["fusion.billing.plan"])
        form.name = "Atlas, yearly"
        self.assertEqual(form.code, "atlas-yearly")
        form.code = "atlas"
        form.name = "Atlas, every year"
        self.assertEqual(form.save().code, "atlas")

    def test_a_code_has_no_spaces(self):
        with self.assertRaisesRegex(ValidationError, "must not contain spaces"):
            self.plan.code = "pro monthly"
