from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import Form, freeze_time, tagged

from ..staff_case import StaffCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestEstimateWizard(StaffCase):
    """Staff ask what usage would cost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seats = cls._metric("seats", "Seats", aggregation="max")

    def _open(self, user=None):
        """The dialog as the plan's button opens it."""
        plan = self.plan.with_user(user or self.clerk)
        action = self.env.ref("fusion_billing.estimate_wizard_action")
        return Form(
            self.env[action.res_model]
            .with_user(plan.env.user)
            .with_context(default_plan_id=plan.id)
        )

    def _estimate(self, *quantities):
        """Type quantities and press the button; return the dialog that shows then."""
        dialog = self._open()
        for position, quantity in enumerate(quantities):
            with dialog.line_ids.edit(position) as line:
                line.quantity = quantity
        return self._press(dialog)

    def _press(self, dialog):
        wizard = dialog.save()
        action = wizard.action_estimate()
        self.assertEqual(action["target"], "new")
        return wizard.browse(action["res_id"])

    def _rows(self, wizard):
        page = html.fromstring(f"<div>{wizard.estimate}</div>")
        return [
            tuple(" ".join(cell.text_content().split()) for cell in row.iter("td"))
            for row in page.iter("tr")
        ]

    def _headings(self, wizard):
        page = html.fromstring(f"<div>{wizard.estimate}</div>")
        return [" ".join(node.text_content().split()) for node in page.iter("h4", "h3")]

    def test_the_dialog_asks_for_each_metric_of_the_plan_once(self):
        self._charge(metric=self.seats)
        self._charge(filter_ids=self._filters(region="eu"))
        dialog = self._open()
        metrics = [dialog.line_ids.edit(position).metric_id for position in range(2)]
        self.assertEqual(metrics, [self.calls, self.seats])
        self.assertEqual(len(dialog.line_ids), 2)
        self.assertFalse(dialog.estimate)

    def test_it_shows_how_each_amount_comes_about_and_the_total(self):
        self._charge(metric=self.seats, price_per_unit="0.5", included_quota=1)
        wizard = self._estimate(130, "4.5")
        self.assertEqual(self._headings(wizard), ["API calls", "Seats", "Total: $61.75"])
        self.assertEqual(
            self._rows(wizard),
            [
                ("Used", "130"),
                ("Included in the plan", "100"),
                ("To bill", "30"),
                ("30 at $2.00 each", "$60.00"),
                ("Exact amount", "$60.00"),
                ("Amount, rounded", "$60.00"),
                ("Used", "4.5"),
                ("Included in the plan", "1"),
                ("To bill", "3.5"),
                ("3.5 at $0.50 each", "$1.75"),
                ("Exact amount", "$1.75"),
                ("Amount, rounded", "$1.75"),
            ],
        )

    def test_it_prices_as_the_ledger_does(self):
        """Lesson 6: one usage must not show two different numbers on two screens."""
        self.charge.active = False
        self._charge(
            charge_model="graduated",
            included_quota=100,
            minimum_amount=7,
            tier_ids=self._tiers((10, 1), (False, 0.333, 2)),
        )
        subscription = self._subscribe()
        for quantity in (0, 100, 105, "142.5"):
            with self.subTest(quantity=quantity):
                self.env["fusion.billing.usage"].search([]).unlink()
                self._use(subscription, quantity)
                self._rate()
                rating = subscription.fusion_rating_ids
                receipt = html.fromstring(str(rating.receipt)).text_content()
                estimate = html.fromstring(f"<div>{self._estimate(quantity).estimate}</div>")
                [table] = estimate.iter("table")
                self.assertEqual(table.text_content().split(), receipt.split())

    def test_other_quantities_are_priced_when_the_button_is_pressed_again(self):
        wizard = self._estimate(130)
        dialog = Form(wizard)
        with dialog.line_ids.edit(0) as line:
            line.quantity = 101
        self.assertIn("$60.00", dialog.estimate)
        self.assertEqual(self._headings(self._press(dialog)), ["API calls", "Total: $2.00"])

    def test_a_charge_with_a_filter_is_named_by_it(self):
        self._charge(filter_ids=self._filters(region="eu, us"), minimum_amount=3)
        self.assertEqual(
            self._headings(self._estimate(130)),
            ["API calls", "API calls region = eu / us", "Total: $63.00"],
        )

    def test_each_currency_has_a_total_of_its_own(self):
        euro = self._foreign("EUR", {"2026-01-01": 0.8})
        self._charge(metric=self.seats, currency_id=euro.id, price_per_unit=3)
        self.assertEqual(
            self._headings(self._estimate(101, 2)),
            ["API calls", "Seats", "Total: $2.00", "Total: €6.00"],
        )

    def test_prices_in_another_currency_can_be_asked_for(self):
        euro = self._foreign("EUR", {"2026-01-01": 0.8})
        self._charge(currency_id=euro.id, price_per_unit=3)
        dialog = self._open(
            self._user("accountant", "fusion_billing.group_user,base.group_multi_currency")
        )
        dialog.currency_id = euro
        with dialog.line_ids.edit(0) as line:
            line.quantity = 2
        self.assertEqual(self._headings(self._press(dialog)), ["API calls", "Total: €6.00"])

    def test_f1_the_fees_of_the_plan_are_part_of_the_total(self):
        own = {"product_id": self.setup_product.id, "has_own_price": True, "price_unit": "7.5"}
        self.plan.fee_ids = [
            (0, 0, {"product_id": self.fee_product.id, "quantity": 2}),
            (0, 0, own),
        ]
        wizard = self._estimate(130)
        self.assertEqual(self._headings(wizard), ["API calls", "Total: $165.50"])
        self.assertEqual(self._rows(wizard)[:2], [("$98.00",), ("$7.50",)])
        self.assertIn("× Pro subscription", wizard.estimate)

    def test_a_plan_without_charges_says_so(self):
        self.charge.active = False
        self.assertIn("This plan charges for no usage today.", self._estimate().estimate)

    def test_no_digit_is_lost(self):
        """M1."""
        self.charge.write({"included_quota": 0, "price_per_unit": 1, "unit_batch": 1000000})
        self.assertIn(("Used", "1,073,741,824"), self._rows(self._estimate(1073741824)))

    def test_nothing_is_stored(self):
        def count():
            return [
                self.env[model].search_count([])
                for model in (
                    "fusion.billing.usage",
                    "fusion.billing.rating",
                    "sale.order.line",
                    "fusion.billing.rating.request",
                )
            ]

        before = count()
        self._estimate(130)
        self.assertEqual(count(), before)

    def test_only_billing_staff_ask(self):
        for user in (self.portal, self.seller):
            with self.assertRaises(AccessError):
                self.env["fusion.billing.estimate.wizard"].with_user(user).create(
                    {"plan_id": self.plan.id}
                )

    def test_the_plans_form_has_the_button(self):
        action = self.env.ref("fusion_billing.estimate_wizard_action")
        self.assertIn(str(action.id), self._shown_buttons(self.plan))
