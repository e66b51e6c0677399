"""What the company of a random life sells, and how it changes its mind about it."""

from datetime import date

from odoo.fields import Command

KINDS = ("sum", "sum", "max", "last", "unique_count", "count", "average", "weighted")
MODELS = (
    "standard",
    "standard",
    "package",
    "graduated",
    "volume",
    "stairstep",
    "percentage",
    "graduated_percentage",
)
ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Paris",
    "Pacific/Auckland",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Honolulu",
)
PLANS = {
    "A": {},
    "B": {"fee_timing": "arrears"},
    "C": {"billing_period_unit": "week"},
    "D": {"billing_period_unit": "year"},
    "E": {"invoice_mode": "draft"},
    "F": {"item_changes": "next_period"},
    "G": {"draft_hours": 72},
    "H": {"prorate": False},
}


class Catalogue:
    """Plans, charges, products, taxes and exchange rates."""

    def __init__(self, world):
        self.world, self.env, self.rng = world, world.env, world.rng

    def acts(self):
        return [
            (f"catalogue.{act.__name__}", act)
            for act in (
                self.price,
                self.price,
                self.price,
                self.plan_prices,
                self.plan_prices,
                self.archive,
                self.archive,
                self.add_charge,
                self.tick,
                self.zone,
                self.zone,
                self.fee,
                self.change_product,
            )
        ]

    # === AS IT BEGINS === #

    def create(self):
        company = self.env.company
        company.fusion_billing_tz = self.rng.choice(ZONES)
        company.tax_calculation_rounding_method = self.rng.choice(
            ("round_per_line", "round_globally")
        )
        self.foreign = self._currency("EUR")
        self.taxes = self._taxes()
        self.usage_products = [
            self.product(f"Usage {number}", taxes_id=[Command.set(tax.ids)])
            for number, tax in enumerate(self.taxes)
        ]
        self.fees = [
            self.product(
                f"Fee {number}",
                fusion_recurring=True,
                list_price=price,
                taxes_id=[Command.set(self.rng.choice(self.taxes).ids)],
            )
            for number, price in enumerate((10, 49.99, 3.333))
        ]
        self.once = [
            self.product("Set-up", list_price=200),
            self.product("Consulting", list_price=120, invoice_policy="delivery"),
        ]
        self.metrics = {
            kind: self.env["fusion.billing.metric"].create(
                {"code": kind, "name": kind, "aggregation": kind}
            )
            for kind in sorted(set(KINDS))
        }
        self.plans = [self._plan(code, values) for code, values in PLANS.items()]
        self.pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": self.foreign.id}
        )

    def _currency(self, name):
        currency = (
            self.env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
        )
        currency.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", currency.id)]).unlink()
        self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": currency.id,
                    "name": date(year, month, 10),
                    "rate": (0.9, 0.913, 0.8777)[month % 3],
                }
                for year in (2025, 2026, 2027)
                for month in range(1, 13)
            ]
        )
        return currency

    def _taxes(self):
        """The company's own tax, one that prices include, and none."""
        own = self.env.company.account_sale_tax_id
        included = own.copy(
            {"name": "Included", "amount": 20, "price_include_override": "tax_included"}
        )
        self.abroad = self.env["account.fiscal.position"].create({"name": "Abroad"})
        own.copy(
            {
                "name": "Abroad",
                "amount": 10,
                "price_include_override": "tax_excluded",
                "fiscal_position_ids": [Command.set(self.abroad.ids)],
                "original_tax_ids": [Command.set(included.ids)],
            }
        )
        return own, included, own.browse()

    def product(self, name, **values):
        return self.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "invoice_policy": "order",
                "taxes_id": False,
                **values,
            }
        )

    def _plan(self, code, values):
        plan = self.env["fusion.billing.plan"].create({"code": code, "name": code, **values})
        for product in self.rng.sample(self.fees, self.rng.randrange(3)):
            self._add_fee(plan, product)
        for kind in self.rng.sample(KINDS, self.rng.randrange(1, 4)):
            self._charges(plan, self.metrics[kind])
        return plan

    def _add_fee(self, plan, product):
        own = self.rng.random() < 0.5
        return self.env["fusion.billing.plan.fee"].create(
            {
                "plan_id": plan.id,
                "product_id": product.id,
                "quantity": self.rng.choice((1, 1, 3)),
                "has_own_price": own,
                "price_unit": own and 7.77,
                "fee_timing": self.rng.choice(("advance", "arrears", plan.fee_timing)),
            }
        )

    def _charges(self, plan, metric):
        """One charge for a metric, or two, one of which takes what is used in some regions."""
        if plan.charge_ids.filtered(lambda charge: charge.metric_id == metric):
            return
        rules = [[]]
        if self.rng.random() < 0.3:
            rules.append([Command.create({"dimension": "region", "dimension_values": "eu, uk"})])
        currency = self.foreign if self.rng.random() < 0.2 else self.env.company.currency_id
        for rule in rules:
            self.env["fusion.billing.charge"].create(
                {
                    "plan_id": plan.id,
                    "metric_id": metric.id,
                    "filter_ids": rule,
                    "product_id": self.rng.choice(self.usage_products).id,
                    "currency_id": currency.id,
                    "split_at_version": self.rng.random() < 0.4,
                    "prorate": self.rng.random() < 0.8,
                    **self.terms(),
                }
            )

    def terms(self):
        rng = self.rng
        model = rng.choice(MODELS)
        low, high = rng.choice(((0, 0), (0, 0), (0, 0), (10, 0), (0, 250), (3.005, 80)))
        values = {
            "charge_model": model,
            "included_quota": rng.choice((0, 0, 5, 12.5, 100)),
            "price_per_unit": rng.choice((0.015, 0.067, 0.3, 1, 12.34)),
            "unit_batch": rng.choice((1, 1, 3, 7, 0.5)),
            "rate": rng.choice((0, 2.9, 0.015)),
            "fixed_amount": rng.choice((0, 0.3, 5)),
            "minimum_amount": low,
            "maximum_amount": high,
            "flat_fee_at_zero": rng.random() < 0.3,
            "tier_ids": [Command.clear()],
        }
        if model not in ("standard", "package", "percentage"):
            bounds = sorted(rng.sample((1, 10, 12.5, 100, 5000), rng.randrange(4)))
            values["tier_ids"] += [
                Command.create(
                    {
                        "sequence": number,
                        "up_to": bound,
                        "unit_amount": rng.choice((0, 0.015, 0.3)),
                        "flat_amount": rng.choice((0, 0, 2, 7.5)),
                        "rate": rng.choice((0, 1.5, 2.9)),
                        "unit_batch": rng.choice((0, 0, 3)),
                    }
                )
                for number, bound in enumerate((*bounds, 0))
            ]
        return values

    # === ACTS === #

    def charge(self, archived=False):
        charges = (
            self.env["fusion.billing.charge"]
            .with_context(active_test=not archived)
            .search([("plan_id", "!=", False)])
        )
        return charges.browse(self.rng.choice(charges.ids)).with_context(active_test=True)

    def price(self):
        """A new price, from today."""
        terms = self.terms()
        charge = self.charge()
        charge.write(terms)

    def plan_prices(self):
        """New prices from a day on that has none yet."""
        charge, day, terms = self.charge(), self.world.day(back=10), self.terms()
        if day not in charge.version_ids.mapped("valid_from"):
            charge.version_ids = [Command.create({**terms, "valid_from": day})]

    def archive(self):
        self.charge().active = False

    def add_charge(self):
        plan = self.rng.choice(self.plans)
        self._charges(plan, self.metrics[self.rng.choice(KINDS)])

    def change_product(self):
        """A charge is invoiced as another product, with other taxes."""
        self.charge().product_id = self.rng.choice(self.usage_products)

    def tick(self):
        """A product recurs no more, or begins to; who has it keeps what was agreed."""
        product = self.rng.choice([*self.fees, *self.once])
        product.fusion_recurring = not product.fusion_recurring

    def zone(self):
        self.env.company.fusion_billing_tz = self.rng.choice(ZONES)

    def fee(self):
        """A plan's fee changes, or one more begins, for those who come."""
        plan = self.rng.choice(self.plans)
        if plan.fee_ids and self.rng.random() < 0.5:
            plan.fee_ids[0].quantity = self.rng.choice((1, 2, 5))
        else:
            self._add_fee(plan, self.rng.choice(self.fees))
