import logging
from collections import defaultdict
from decimal import Decimal
from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ...core.money.timeline import DAY
from ..base.engine import as_engine
from ..base.retry import no_alarm
from ..base.staff import check_staff
from ..catalog.price_wording import format_price

_logger = logging.getLogger(__name__)

STAFF = "fusion_billing.group_user"


class Movement(NamedTuple):
    """What the usage of one metric, or one fee, came to in a billing period and in the one before.

    :param source: the metric or the product
    :param int tolerance: percent by which it may move without being pointed out
    """

    source: Any
    before: Decimal
    now: Decimal
    tolerance: int

    @property
    def is_large(self):
        return abs(self.now - self.before) * 100 > self.tolerance * abs(self.before)


class AccountMove(models.Model):
    """Drafts of subscriptions are held against the billing period before, and approved.

    What moved is derived from the ledger whenever somebody looks: drafts follow it until they
    are posted.
    """

    _inherit = "account.move"

    fusion_before = fields.Monetary(
        "Last Period",
        compute="_compute_fusion_movements",
        groups=STAFF,
        help="What the same metrics and fees came to in the billing period before.",
    )
    fusion_now = fields.Monetary(
        "This Period",
        compute="_compute_fusion_movements",
        groups=STAFF,
        help="What metrics and fees come to in the billing period that this document bills.",
    )
    fusion_change = fields.Monetary("Change", compute="_compute_fusion_movements", groups=STAFF)
    fusion_moved = fields.Boolean(
        "Moved Much",
        compute="_compute_fusion_movements",
        search="_search_fusion_moved",
        groups=STAFF,
        help="A metric or a fee came to more or less than in the billing period before, by more"
        " than the plan tolerates.",
    )
    fusion_movements = fields.Text("What Moved", compute="_compute_fusion_movements", groups=STAFF)
    fusion_post_error = fields.Text(
        "Why It Was Not Posted", copy=False, readonly=True, groups=STAFF
    )

    # === COMPUTE METHODS === #

    @api.depends("state", "fusion_bill_on", "invoice_line_ids.fusion_rating_id")
    @api.depends_context("lang")
    def _compute_fusion_movements(self):
        movements = self._fusion_movements()
        for move in self:
            moved = movements[move._origin.id]
            large = [movement for movement in moved if movement.is_large]
            before, now = (sum(getattr(m, side) for m in moved) for side in ("before", "now"))
            move.fusion_before, move.fusion_now = float(before), float(now)
            move.fusion_change = float(now - before)
            move.fusion_moved = bool(large)
            move.fusion_movements = "\n".join(map(move._fusion_describe_movement, large))

    def _search_fusion_moved(self, operator, value):
        # Odoo asks who may read a field only where it makes the search itself.
        self._check_field_access(self._fields["fusion_moved"], "read")
        if operator != "in":
            return NotImplemented
        drafts = self.search(self._fusion_review_domain())
        moved = drafts.filtered("fusion_moved").ids
        return [("id", "in" if True in value else "not in", moved)]

    def _fusion_describe_movement(self, movement):
        """Return for example `API calls: $61.00 → $31.00 (−49 %)`."""
        words = {
            "name": movement.source.display_name,
            "before": format_price(self.env, movement.before, self.currency_id),
            "now": format_price(self.env, movement.now, self.currency_id),
        }
        if not movement.before:
            return self.env._("%(name)s: %(before)s → %(now)s", **words)
        percent = round((movement.now - movement.before) * 100 / abs(movement.before))
        return self.env._(
            "%(name)s: %(before)s → %(now)s (%(percent)s %%)", percent=f"{percent:+d}", **words
        )

    # === WHAT MOVED === #

    @api.model
    def _fusion_review_domain(self):
        """Return the domain of the drafts that the invoicing run made."""
        return [("state", "=", "draft"), ("fusion_bill_on", "!=", False)]

    def _fusion_movements(self):
        """Return what moved: `{move id: [Movement]}`, in one query over the ledger."""
        # sudo: who may review a draft may know why it is what it is.
        drafts = self._origin.sudo().filtered_domain(self._fusion_review_domain())
        # Read at once what each of them is asked for.
        orders = drafts._fusion_subscriptions().sudo()
        orders.mapped("fusion_plan_id.name")
        orders.fusion_phase_ids.plan_id.mapped("name")
        wanted = [
            (move.id, order.id, is_usage, period.start, before.start)
            for move in drafts
            for order in move._fusion_subscriptions()
            for is_usage, period, before in move._fusion_compared_periods(order)
        ]
        found = defaultdict(list)
        if not wanted:
            return found
        self.env["fusion.billing.rating"].flush_model()
        rows = self.env.execute_query(SQL(MOVEMENTS, *map(list, zip(*wanted, strict=True))))
        metrics = self.env["fusion.billing.metric"].browse({row[2] for row in rows if row[2]})
        products = self.env["product.product"].browse({row[3] for row in rows if row[3]})
        for move_id, order_id, metric_id, product_id, now, before in rows:
            ids, sources = (metric_id, metrics) if metric_id else (product_id, products)
            source = sources.browse(ids).with_prefetch(sources.ids)
            plan = self.env["sale.order"].sudo().browse(order_id).fusion_plan_id
            found[move_id].append(
                Movement(source, Decimal(before), Decimal(now), plan.review_tolerance)
            )
        return found

    def _fusion_compared_periods(self, order):
        """Yield the billing periods that this draft bills, of usage and of fees, each with the
        one before: `(is usage, period, period before)`; none for first periods.
        """
        timeline, billed = order._fusion_timeline(), self.fusion_bill_on
        ratings = self.invoice_line_ids.fusion_rating_id.filtered(
            lambda rating: rating.subscription_id == order and rating.item_id
        )
        days = [(True, billed - DAY)]
        # Fees may be of the period that begins.
        days += [(False, max(ratings.mapped("cycle_start")))] if ratings else []
        for is_usage, day in days:
            period = timeline.period_on(day)
            before = period and timeline.period_on(period.start - DAY)
            if before:
                yield is_usage, period, before

    # === APPROVING === #

    def action_fusion_approve(self):
        """Post these drafts, each by itself where one fails; those that fail say why."""
        check_staff(self)
        drafts = self.filtered_domain(self._fusion_review_domain())
        if not drafts._fusion_approve_as_one():
            for draft in drafts:
                draft._fusion_approve_one()
        failed = drafts.filtered("fusion_post_error")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if failed else "success",
                "message": self._fusion_tell_approved(len(drafts - failed), len(failed)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _fusion_tell_approved(self, posted, failed):
        words = {"posted": posted, "failed": failed}
        if failed:
            return self.env._(
                "Posted: %(posted)s. Not posted: %(failed)s, the list says why.", **words
            )
        return self.env._("Posted: %(posted)s.", **words)

    def _fusion_approve_as_one(self):
        """Post all of these or none; return whether it went well."""
        self.env.cr.flush()
        try:
            with no_alarm(), self.env.cr.savepoint():
                self.action_post()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            # It is met again, and told, by the one it belongs to.
            _logger.info("%s drafts are posted one by one: %s", len(self), error)
            return False
        as_engine(self.filtered("fusion_post_error")).fusion_post_error = False
        return True

    def _fusion_approve_one(self):
        try:
            with no_alarm(), self.env.cr.savepoint():
                self.action_post()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except UserError as error:
            as_engine(self).fusion_post_error = str(error)
        except Exception:
            _logger.exception("draft %s could not be posted", self.id)
            as_engine(self).fusion_post_error = self.env._(
                "Something unexpected went wrong; the server log of %s says what.",
                fields.Datetime.now(),
            )
        else:
            as_engine(self.filtered("fusion_post_error")).fusion_post_error = False

    @api.model
    def _fusion_own_fields(self):
        return super()._fusion_own_fields() | {"fusion_post_error"}


MOVEMENTS = """
SELECT draft.move_id, draft.order_id, rating.metric_id, item.product_id,
       COALESCE(sum(rating.amount) FILTER (WHERE rating.cycle_start = draft.cycle_start), 0)::text,
       COALESCE(sum(rating.amount) FILTER (WHERE rating.cycle_start = draft.before_start), 0)::text
  FROM unnest(%s::int[], %s::int[], %s::bool[], %s::date[], %s::date[])
    AS draft(move_id, order_id, is_usage, cycle_start, before_start)
  JOIN fusion_billing_rating AS rating
    ON rating.subscription_id = draft.order_id
   AND (rating.charge_id IS NOT NULL) = draft.is_usage
   AND rating.cycle_start IN (draft.cycle_start, draft.before_start)
  LEFT JOIN fusion_billing_item AS item ON item.id = rating.item_id
 GROUP BY draft.move_id, draft.order_id, rating.metric_id, item.product_id
 ORDER BY draft.move_id, draft.order_id, rating.metric_id NULLS LAST, item.product_id
"""
