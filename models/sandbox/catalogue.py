from datetime import date

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

LAST_DAY = date(2099, 12, 31)


class ResCompany(models.Model):
    """The catalogue of a sandbox: what its company sells, at the same prices, under the same
    codes.
    """

    _inherit = "res.company"

    # === COPYING === #

    def _fusion_copy_catalogue(self, real):
        """Copy the metrics and plans that a company has and this sandbox has not, by their codes.

        :param real: the company
        """
        plans = self.env["fusion.billing.plan"].search([("company_id", "=", real.id)])
        used = plans.charge_ids.metric_id
        metrics = used | used.search([("company_id", "=", real.id)])
        known = self._fusion_coded(plans)
        copies = {
            **self._fusion_copy_coded(metrics, {}),
            **self._fusion_copy_coded(
                plans, {"fee_ids": [], "charge_ids": [], "customer_plan_ids": []}
            ),
        }
        products = self._fusion_copy_products(plans)
        for plan in plans.filtered(lambda plan: plan.code not in known):
            self._fusion_copy_prices(plan, copies[plan], copies, products)
            copies[plan].customer_plan_ids = [
                Command.link(copies[other].id)
                for other in plan.customer_plan_ids
                if other in copies
            ]

    def _fusion_coded(self, records):
        """Return the sandbox's own records of a model by their codes."""
        every = records.with_context(active_test=False)
        return every.search([("company_id", "=", self.id)]).grouped("code")

    def _fusion_copy_coded(self, records, default):
        """Return records with codes and those of the sandbox that have the same."""
        known, default = self._fusion_coded(records), {**default, "company_id": self.id}
        return {
            record: known.get(record.code) or record.copy({**default, "code": record.code})
            for record in records
        }

    def _fusion_copy_products(self, plans):
        """Return the products to sell in the sandbox: its own copy of each that is the company's,
        and those of all companies as they are.
        """
        products = plans.charge_ids.product_id | plans.fee_ids.product_id
        return {
            product: self._fusion_copy_product(product) if product.company_id else product
            for product in products
        }

    def _fusion_copy_product(self, product):
        own = product.search(
            [("company_id", "=", self.id), ("default_code", "=", product.default_code)]
        ).filtered(lambda other: other.name == product.name)
        return own[:1] or product.copy(
            {
                "name": product.name,
                "default_code": product.default_code,
                "company_id": self.id,
                "taxes_id": [Command.set(self._fusion_map_taxes(product.taxes_id).ids)],
                "supplier_taxes_id": [],
            }
        )

    def _fusion_copy_prices(self, plan, copy, copies, products):
        for fee in plan.fee_ids:
            fee.copy({"plan_id": copy.id, "product_id": products[fee.product_id].id})
        for charge in plan.charge_ids:
            new = charge.copy(
                {
                    "plan_id": copy.id,
                    "company_id": self.id,
                    "metric_id": copies[charge.metric_id].id,
                    "product_id": products[charge.product_id].id,
                    "valid_from": charge.valid_from,
                    "valid_until": charge.valid_until,
                }
            )
            self._fusion_copy_versions(charge, new)
            for threshold in charge.threshold_ids:
                threshold.copy({"charge_id": new.id})

    def _fusion_copy_versions(self, charge, copy):
        """Give a copied charge, which has the prices of today, those of every day."""
        first = copy.version_id
        first.valid_from = LAST_DAY
        for version in charge.version_ids:
            version.copy({"charge_id": copy.id, "valid_from": version.valid_from})
        first.unlink()

    # === UP TO DATE === #

    def _fusion_update_catalogue(self):
        """Let the plans that the company sells cost in the sandbox what they cost there now.

        :raise UserError: a subscription is on one of them
        """
        real = self.fusion_sandbox_of_id.company_id
        plans = self.env["fusion.billing.plan"].with_context(active_test=False)
        codes = plans.search([("company_id", "=", real.id)]).mapped("code")
        outdated = plans.search([("company_id", "=", self.id), ("code", "in", codes)])
        if any(plan._is_in_use() for plan in outdated):
            raise UserError(
                self.env._(
                    "You cannot update prices at which the sandbox's subscriptions are billed:"
                    " reset the sandbox first."
                )
            )
        outdated.charge_ids.unlink()
        outdated.unlink()
        self._fusion_copy_catalogue(real)
