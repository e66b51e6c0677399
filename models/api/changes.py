from odoo import models

from ...core.api import errors
from ...core.api.errors import shown
from ...core.api.payload import ID_LIMIT
from .subscriptions import raises_invalid_state

PHASES = "fusion.billing.phase"
ITEMS = "fusion.billing.item"
RECORDS = {"plan": PHASES, "state": PHASES, "fee": ITEMS, "fee_end": ITEMS}
STATES = {"paused": "pause", "closed": "end"}


class FusionBillingApiChanges(models.AbstractModel):
    """What is planned for a subscription, and how an app takes it back."""

    _name = "fusion.billing.api.changes"
    _description = "API: changes to come"
    _inherit = ["fusion.billing.api.finder"]

    # === ENDPOINTS === #

    def _list(self, service, subscription_id, _values):
        return self._describe(self._get_subscription(service, subscription_id))

    def _take_back(self, service, subscription_id, change_id, _values):
        """Take back a change that is to come.

        :raise NotFound: there is no such change
        :raise InvalidInput: `invalid_state`, it has begun
        :raise UsageAfterEnd: counters would not be billed any more
        """
        subscription = self._get_subscription(service, subscription_id)
        kind, record = self._get_change(subscription, change_id)
        with raises_invalid_state():
            # sudo: the API may change its subscriptions in these ways, not orders at large.
            subscription.sudo()._fusion_take_back_planned(kind, record)
        return self._describe(subscription)

    def _get_change(self, subscription, change_id):
        """Return what a change is and the record that it begins with, also if it has begun."""
        kind, _dash, number = change_id.partition("-")
        is_id = number.isascii() and number.isdigit() and len(number) <= len(str(ID_LIMIT))
        if kind in RECORDS and is_id and int(number) < ID_LIMIT:
            # sudo: it is looked for in a subscription that the app sees.
            record = (
                self.env[RECORDS[kind]]
                .sudo()
                .search([("id", "=", int(number)), ("subscription_id", "=", subscription.id)])
            )
            if record and self._is_change(subscription, kind, record):
                return kind, record
        raise errors.NotFound(f"No change {shown(change_id)} is planned for the subscription.")

    def _is_change(self, subscription, kind, record):
        # sudo: what changes does not depend on who looks.
        order = subscription.sudo()
        changes = (*order._fusion_planned_phases(), *order._fusion_planned_fees())
        return any((change.kind, change.record) == (kind, record) for change in changes)

    # === ANSWERS === #

    def _describe(self, subscription):
        changes = subscription._fusion_planned_one_by_one()
        return {
            "subscription_id": subscription.id,
            "changes": [self._describe_change(change) for change in changes],
        }

    def _describe_change(self, change):
        is_plan, is_fee = change.kind == "plan", RECORDS[change.kind] == ITEMS
        item = change.record if is_fee else self.env[ITEMS]
        return {
            "change_id": f"{change.kind}-{change.record.id}",
            "kind": self._name_kind(change),
            "date": change.day,
            "plan_code": change.record.plan_id.code if is_plan else None,
            "item_id": item.order_line_id.id or None,
            "product_code": item.product_id.default_code or None,
            "quantity": self._quantity(change) if is_fee else None,
        }

    def _name_kind(self, change):
        if change.kind == "plan":
            return "plan"
        if change.kind != "state":
            return "item"
        timeline = change.record.subscription_id._fusion_timeline()
        return STATES.get(change.record.state) or self._name_return(timeline, change.day)

    def _name_return(self, timeline, day):
        before = [phase.state for phase in timeline.phases if phase.day < day][-1]
        return "reopen" if before == "closed" else "resume"

    def _quantity(self, change):
        if change.kind == "fee_end":
            return "0"
        return change.record._read_exact(["quantity"])[change.record.id]["quantity"]
