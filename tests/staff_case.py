from lxml import etree

from odoo.tests import new_test_user
from odoo.tools.safe_eval import safe_eval

from .common import BillingCase


class StaffCase(BillingCase):
    """People with different rights, and a subscription for them to work with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._user("billing_clerk", "fusion_billing.group_user")
        cls.manager = cls._user("billing_manager", "fusion_billing.group_manager")
        cls.seller = cls._user("seller", "sales_team.group_sale_salesman_all_leads")
        cls.portal = new_test_user(cls.env, "customer", groups="base.group_portal")
        cls.charge = cls._charge(included_quota=100, price_per_unit=2)
        cls.service = cls.env["fusion.billing.service"].create({"name": "Maps", "code": "maps"})

    @classmethod
    def _user(cls, login, group, **vals):
        return new_test_user(cls.env, login, groups=f"base.group_user,{group}", **vals)

    @classmethod
    def _paused(cls, **vals):
        subscription = cls._subscribe(**vals)
        subscription._fusion_pause(subscription.fusion_start_date)
        return subscription

    @classmethod
    def _closed(cls, **vals):
        subscription = cls._subscribe(**vals)
        subscription._fusion_close(subscription.fusion_start_date)
        return subscription

    @classmethod
    def _quotation(cls, **vals):
        return cls.env["sale.order"].create(
            {"partner_id": cls.partner.id, "fusion_plan_id": cls.plan.id, **vals}
        )

    def _arch(self, model, view_type="form", user=None, xmlid=None):
        """The view as a user gets it, parsed."""
        view = self.env.ref(xmlid).id if xmlid else None
        return etree.fromstring(
            self.env[model].with_user(user or self.clerk).get_view(view, view_type)["arch"]
        )

    def _is_shown(self, node, record):
        """Whether neither an element nor what it stands in is invisible for a record."""
        values = record.read(load=None)[0] | {"context": {}, "uid": self.env.uid}
        return not any(
            safe_eval(element.get("invisible", "False"), values)
            for element in (node, *node.iterancestors())
        )

    def _shown_buttons(self, record, user=None):
        """The names of the buttons that a user sees on a record's form."""
        arch = self._arch(record._name, user=user)
        return {
            button.get("name")
            for button in arch.iter("button")
            # Rows of lists have buttons of their own.
            if next(button.iterancestors("list"), None) is None and self._is_shown(button, record)
        }
