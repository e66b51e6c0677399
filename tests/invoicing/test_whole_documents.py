from contextlib import contextmanager
from datetime import date
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from odoo.addons.fusion_billing.models.invoicing.whole_lines import WholeLines

from .document_case import DocumentCase

# What another row has anyway.
OTHERWISE = {"id", "move_id", "create_date", "write_date"}
FITS = WholeLines.fits


@tagged("post_install", "-at_install")
class TestWholeDocuments(DocumentCase):
    """Documents that are made whole are equal to core's, in every column."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls._tax(21)
        cls.reduced = cls._tax(6)

    @classmethod
    def _tax(cls, amount, **vals):
        """A tax with an account of its own, and tags on what it is levied on and on itself."""
        name = f"{amount} {vals}"
        account = cls._account(f"25{cls.env['account.tax'].search_count([])}", "liability_current")
        tags = cls.env["account.account.tag"].create(
            [
                {
                    "name": f"{kind} {name}",
                    "applicability": "taxes",
                    "country_id": cls.company.account_fiscal_country_id.id,
                }
                for kind in ("base", "tax")
            ]
        )
        lines = [
            Command.create({"repartition_type": "base", "tag_ids": tags[0].ids}),
            Command.create(
                {"repartition_type": "tax", "account_id": account.id, "tag_ids": tags[1].ids}
            ),
        ]
        if vals.get("amount_type") != "group":
            vals |= {"invoice_repartition_line_ids": lines, "refund_repartition_line_ids": lines}
        return cls.env["account.tax"].create(
            {"name": name, "amount": amount, "type_tax_use": "sale", **vals}
        )

    @classmethod
    def _account(cls, code, kind, **vals):
        return cls.env["account.account"].create(
            {"name": code, "code": f"{code}.9", "account_type": kind, **vals}
        )

    def _term(self, *lines, **vals):
        return self.env["account.payment.term"].create(
            {
                "name": "Term",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": percent, "nb_days": days})
                    for percent, days in lines
                ],
                **vals,
            }
        )

    def _taxed(self, *taxes, **vals):
        """A subscription whose fee and usage have these taxes."""
        products = self.fee_product | self.usage_product | self.setup_product
        products.taxes_id = self.env["account.tax"].union(*taxes)
        return self._start(150.25, **vals)

    # === HOW THEY ARE COMPARED === #

    def assertAsCore(self, *orders, day="2026-02-01", whole=(True,)):
        """What drafts and posted documents of subscriptions write is what core would write.

        :param whole: whether they are made whole, or left to core, or some of each
        """
        with freeze_time(f"{day} 12:00:00"):
            self.env["fusion.billing.rating"]._rate_requested(
                self.env["sale.order"].union(*orders), date.fromisoformat(day)
            )
        for mode in ("draft", "post"):
            self.env["fusion.billing.plan"].search([]).invoice_mode = mode
            cores, _nothing_fits = self._written(orders, day, by_core=True)
            ours, fits = self._written(orders, day)
            self.assertEqual(fits, set(whole))
            for table in cores:
                self.assertRows(ours[table], cores[table], table)

    def assertRows(self, rows, expected, table):
        self.assertEqual(len(rows), len(expected), table)
        for row, other in zip(rows, expected, strict=True):
            different = {name for name in row if row[name] != other[name]}
            self.assertEqual(
                *({name: values[name] for name in different} for values in (row, other)), table
            )

    def _written(self, orders, day, by_core=False):
        """Bill, read all that was written, and undo it.

        :return: rows by table, and whether documents were made whole
        """
        orders, fits = self.env["sale.order"].union(*orders), set()

        def fits_noted(lines, vals):
            fits.add(fit := not by_core and FITS(lines, vals))
            return fit

        moves = type(self.env["account.move"])
        post = moves.action_post if by_core else moves._fusion_post_whole
        with (
            self._undone(),
            freeze_time(f"{day} 12:00:00"),
            patch.object(WholeLines, "fits", fits_noted),
            patch.object(moves, "_fusion_post_whole", post),
        ):
            moves = orders._fusion_bill_until(date.fromisoformat(day))
            return self._tables(moves, orders), fits

    def _tables(self, moves, orders):
        """Return all that billing wrote, by table."""
        self.env.flush_all()
        self.assertEqual(moves.ids, sorted(moves.ids))
        lines = self.env["account.move.line"].concat(
            *(move.line_ids.sorted("id") for move in moves)
        )
        return {
            records._name: self._rows(records)
            for records in (
                moves,
                lines,
                orders,
                orders.order_line.sorted("id"),
                orders.fusion_rating_ids.sorted("id"),
            )
        }

    @contextmanager
    def _undone(self):
        savepoint = self.env.cr.savepoint()
        try:
            yield
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)

    def _rows(self, records):
        """Return every stored column of records, and what their many2many tables link them to."""
        self.env.cr.execute(
            SQL(
                "SELECT * FROM %s WHERE id = ANY(%s) ORDER BY array_position(%s, id)",
                SQL.identifier(records._table),
                records.ids,
                records.ids,
            )
        )
        links = [
            field
            for field in records._fields.values()
            if field.type == "many2many"
            and field.store
            and field.comodel_name != "account.move.line"
        ]
        return [
            {name: value for name, value in row.items() if name not in OTHERWISE}
            | {field.name: self._linked(field, record) for field in links}
            for record, row in zip(records, self.env.cr.dictfetchall(), strict=True)
        ]

    def _linked(self, field, record):
        return self.env.execute_query(
            SQL(
                "SELECT %s FROM %s WHERE %s = %s ORDER BY 1",
                SQL.identifier(field.column2),
                SQL.identifier(field.relation),
                SQL.identifier(field.column1),
                record.id,
            )
        )

    # === TAXES === #

    def test_without_tax(self):
        self.assertAsCore(self._taxed())

    def test_with_one_tax(self):
        self.assertAsCore(self._taxed(self.vat))

    def test_with_two_taxes(self):
        self.assertAsCore(self._taxed(self.vat, self.reduced))

    def test_with_a_tax_on_a_tax(self):
        self.assertAsCore(
            self._taxed(
                self._tax(5, include_base_amount=True, sequence=1), self._tax(20, sequence=2)
            )
        )

    def test_with_taxes_in_the_price(self):
        self.assertAsCore(
            self._taxed(
                self._tax(21, price_include_override="tax_included"),
                self._tax(3, price_include_override="tax_included"),
            )
        )

    def test_with_a_group_of_taxes(self):
        self.assertAsCore(
            self._taxed(
                self._tax(
                    0,
                    amount_type="group",
                    children_tax_ids=[Command.set((self.vat | self.reduced).ids)],
                )
            )
        )

    def test_with_a_fixed_tax(self):
        self.assertAsCore(self._taxed(self._tax(1.25, amount_type="fixed"), self.vat))

    def test_with_a_tax_of_nothing(self):
        self.assertAsCore(self._taxed(self._tax(0)))

    def test_with_a_negative_tax(self):
        self.assertAsCore(self._taxed(self.vat, self._tax(-15)))

    def test_with_taxes_that_differ_by_line(self):
        subscription = self._taxed(self.vat)
        subscription.order_line[:1].tax_ids = self.reduced
        self.assertAsCore(subscription)

    def test_with_taxes_rounded_by_document(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        included = self._tax(19.6, price_include_override="tax_included")
        fees = self.env["product.product"].union(
            *(
                self._product(f"Fee {price}", fusion_recurring=True, list_price=price)
                for price in (21.53, 21.53, 0.07)
            )
        )
        for taxes in (included, self.vat | self.reduced):
            (fees | self.usage_product).taxes_id = taxes
            self.assertAsCore(self._start(7.777, products=fees))

    def test_with_a_fiscal_position(self):
        accounts = [self._account(f"70{number}", "income") for number in (1, 2)]
        self.fee_product.property_account_income_id = accounts[0]
        subscription = self._taxed(self.vat)
        position = self.env["account.fiscal.position"].create(
            {
                "name": "Export",
                "account_ids": [
                    Command.create(
                        {"account_src_id": accounts[0].id, "account_dest_id": accounts[1].id}
                    ),
                    Command.create(
                        {
                            "account_src_id": self.partner.property_account_receivable_id.id,
                            "account_dest_id": self._account("401", "asset_receivable").id,
                        }
                    ),
                ],
            }
        )
        self.reduced.original_tax_ids = self.vat
        position.tax_ids = self.reduced
        subscription.fiscal_position_id = position
        subscription.action_update_taxes()
        self.assertAsCore(subscription)

    # === MONEY === #

    def test_in_a_foreign_currency(self):
        currency = self._foreign("CHF", {"2026-01-01": 0.9137, "2026-01-15": 1.0731})
        pricelist = self.env["product.pricelist"].create(
            {"name": "CHF", "currency_id": currency.id}
        )
        self.charge.currency_id = currency
        self.assertAsCore(self._taxed(self.vat, self.reduced, pricelist_id=pricelist.id))

    def test_with_a_discount(self):
        subscription = self._taxed(self.vat)
        subscription.order_line[:1].discount = 33.33
        self.assertAsCore(subscription)

    def test_with_nothing_to_pay(self):
        subscription = self._taxed(self.vat)
        subscription.order_line[:1].discount = 100
        self.charge.price_per_unit = 0
        self.assertAsCore(subscription)

    def test_credit_notes(self):
        subscription = self._taxed(self.vat)
        self._bill_on("2026-02-01")
        with freeze_time("2026-02-02"):
            subscription.fusion_usage_ids.quantity = 0
        self.assertAsCore(subscription, day="2026-03-01")
        self._bill_on("2026-03-01")
        self.assertEqual(self._moves(subscription)[-1].move_type, "out_refund")

    def test_settlement_with_a_settled_income_account(self):
        self.fee_product.property_account_income_id = self._account("703", "income", reconcile=True)
        self.assertAsCore(self._taxed(self.vat))

    # === WHEN IT IS TO BE PAID === #

    def test_to_be_paid_in_instalments(self):
        term = self._term((30, 0), (30, 15), (40, 30))
        self.assertAsCore(self._taxed(self.vat, payment_term_id=term.id))

    def test_to_be_paid_twice_on_one_day(self):
        term = self._term((50, 10), (50, 10))
        self.assertAsCore(self._taxed(self.vat, payment_term_id=term.id))

    def test_to_be_paid_later(self):
        self.assertAsCore(self._taxed(self.vat, payment_term_id=self._term((100, 45)).id))

    def test_with_a_discount_for_early_payment(self):
        for computation in ("included", "excluded"):
            term = self._term(
                (100, 30),
                early_discount=True,
                discount_days=7,
                discount_percentage=2,
                early_pay_discount_computation=computation,
            )
            self.assertAsCore(self._taxed(self.vat, payment_term_id=term.id))

    def test_with_a_payment_reference(self):
        subscription = self._taxed(self.vat)
        subscription.reference = "RF18 5390"
        self.assertAsCore(subscription)

    # === ON THEM === #

    def test_with_one_off_lines_sections_and_notes(self):
        subscription = self._taxed(self.vat, products=self.fee_product | self.setup_product)
        subscription.order_line = [
            Command.create({"display_type": "line_section", "name": "Set-up", "sequence": 0}),
            Command.create({"display_type": "line_note", "name": "A note", "sequence": 99}),
        ]
        self.assertAsCore(subscription)

    def test_of_several_subscriptions_and_customers(self):
        subscriptions = [self._taxed(self.vat) for _number in range(2)]
        contact = self.env["res.partner"].create({"name": "Jo", "parent_id": self.partner.id})
        self.assertAsCore(
            *subscriptions,
            *(
                self._taxed(self.vat, self.reduced, partner_id=partner.id)
                for partner in (contact, self.env["res.partner"].create({"name": "Other"}))
            ),
        )

    def test_of_several_periods(self):
        self.assertAsCore(self._taxed(self.vat), day="2026-04-15")

    def test_of_several_companies(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids += company
        self.env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        env = self.env(context={**self.env.context, "allowed_company_ids": company.ids})
        plan = env["fusion.billing.plan"].create({"code": "other", "name": "Other"})
        product = self._product("Other", fusion_recurring=True, list_price=12.34)
        with freeze_time("2026-01-01"):
            other = env["sale.order"].create(
                {
                    "partner_id": self.partner.id,
                    "fusion_plan_id": plan.id,
                    "order_line": [Command.create({"product_id": product.id})],
                }
            )
            other.action_confirm()
        self.assertAsCore(self._taxed(self.vat), other.with_env(self.env))

    # === WHAT IS LEFT TO CORE === #

    def test_core_makes_some_of_a_set(self):
        subscriptions = [self._taxed(self.vat) for _number in range(3)]
        subscriptions[1].order_line[:1].analytic_distribution = self._distribution()
        self.assertAsCore(*subscriptions, whole=(True, False))

    def _distribution(self):
        plan = self.env["account.analytic.plan"].create({"name": "Projects"})
        account = self.env["account.analytic.account"].create({"name": "Alpha", "plan_id": plan.id})
        return {str(account.id): 100}

    def test_core_rounds_for_cash(self):
        rounding = self.env["account.cash.rounding"].create(
            {"name": "0.05", "rounding": 0.05, "strategy": "biggest_tax"}
        )
        subscription = self._taxed(self.vat)
        prepare = type(subscription)._prepare_invoice
        with patch.object(
            type(subscription),
            "_prepare_invoice",
            lambda order: {**prepare(order), "invoice_cash_rounding_id": rounding.id},
        ):
            self.assertAsCore(subscription, whole=(False,))

    def test_core_shares_out_a_mixed_discount_for_early_payment(self):
        term = self._term(
            (100, 30),
            early_discount=True,
            discount_days=7,
            discount_percentage=2,
            early_pay_discount_computation="mixed",
        )
        self.assertAsCore(self._taxed(self.vat, payment_term_id=term.id), whole=(False,))

    def test_core_makes_documents_with_cash_basis_taxes(self):
        self.company.tax_exigibility = True
        late = self._tax(
            10,
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=self._account(
                "259", "liability_current", reconcile=True
            ).id,
        )
        self.assertAsCore(self._taxed(late), whole=(False,))

    def test_core_distributes_to_analytic_accounts(self):
        subscription, distribution = self._taxed(self.vat), self._distribution()
        with self._undone():
            subscription.order_line[:1].analytic_distribution = distribution
            self.assertAsCore(subscription, whole=(False,))
        self.env["account.analytic.distribution.model"].create(
            {"analytic_distribution": distribution}
        )
        self.assertAsCore(subscription, whole=(False,))

    def test_core_allocates_discounts(self):
        self.company.account_discount_expense_allocation_id = self._account("609", "expense")
        subscription = self._taxed(self.vat)
        subscription.order_line[:1].discount = 10
        self.assertAsCore(subscription, whole=(False,))

    def test_core_makes_documents_with_storno(self):
        self.company.account_storno = True
        self.assertAsCore(self._taxed(self.vat), whole=(False,))

    def test_core_makes_what_another_module_has_a_part_in(self):
        move = type(self.env["account.move"])
        with (
            patch.object(move, "_module", "other", create=True),
            patch.object(move, "_sync_tax_lines", move._sync_tax_lines, create=True),
        ):
            self.assertAsCore(self._taxed(self.vat), whole=(False,))
