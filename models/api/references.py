from odoo import models
from odoo.tools import SQL

from ...core.api.payload import ID_LIMIT
from ...core.api.usage_event import (
    Subscription,
    contradicting_names,
    subscription_reference,
    unknown_metric,
    unknown_subscription,
)
from ..base.subscription_states import STARTED


class FusionBillingApiReferences(models.AbstractModel):
    """Looks up what a batch of events names, in one statement.

    It is what the finder does, in SQL, and reads what is true at this moment: a pause, an end, a
    customer that another service has now hold from the next request on (U1, U5).
    """

    _name = "fusion.billing.api.references"
    _description = "API: what a batch names"

    def _look_up(self, service, references):
        """Look up what a batch's events name.

        A text is a subscription's external id in this service, or the digits of its id where it
        has no external id; a number is its id.

        :param set references: texts and numbers
        :return: :class:`Subscription` by reference, and the ids of the metrics by code
        """
        company_id = service._source().company_id
        by_id, by_name = {}, {}
        for number, name, is_own, life in self._read_named(service, references):
            spans = self.env["sale.order"]._fusion_read_spans(life, company_id)
            known = Subscription(number, spans)
            by_id[number] = known
            if name is None:
                by_id[str(number)] = known
            elif is_own:
                by_name[name] = known
        metrics = self.env["fusion.billing.metric"]._ids_by_code(company_id)
        return {**by_id, **by_name}, metrics

    def _find_named(self, service, values):
        """Return the id of the subscription that the fields of a request name, as an event does.

        :raise InvalidInput: it is named twice or not at all, or there is none
        """
        for error in contradicting_names(values):
            raise error
        reference = subscription_reference(values)
        subscriptions, _metric_ids = self._look_up(service, {reference})
        if reference not in subscriptions:
            raise unknown_subscription(values)
        return subscriptions[reference].id

    def _find_metric(self, service, code):
        """:raise InvalidInput: the service's company has no metric with this code"""
        metric_ids = self.env["fusion.billing.metric"]._ids_by_code(service._source().company_id)
        if code not in metric_ids:
            raise unknown_metric(code)
        return metric_ids[code]

    def _read_named(self, service, references):
        names = [name for name in references if isinstance(name, str)]
        ids = [number for number in references if isinstance(number, int)]
        ids += [int(name) for name in names if name.isascii() and name.isdigit()]
        ids = [number for number in ids if number < ID_LIMIT]
        source = service._source()
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                NAMED,
                service=service.id,
                company=source.company_id,
                own_only=source.sees_own_only,
                started=STARTED,
                named=SQL(
                    BY_NAME_OR_ID if ids else BY_NAME, service=service.id, names=names, ids=ids
                ),
                life=self.env["sale.order"]._fusion_life_sql(SQL("subscription")),
            )
        )


# Whose customer it is, is asked for each subscription that was found, by index: a join is planned
# by the tables' statistics, takes longer to plan than all this to run, and reads all links and all
# contacts as they grow. A customer is a company with all its contacts, archived ones too: the link
# may name one, the order another.
NAMED = """
SELECT subscription.id, NULLIF(subscription.fusion_external_id, ''),
       subscription.fusion_service_id IS NOT DISTINCT FROM %(service)s, %(life)s
  FROM sale_order AS subscription
 WHERE (%(named)s)
   AND subscription.fusion_state IN %(started)s AND subscription.fusion_plan_id IS NOT NULL
   AND subscription.company_id = %(company)s
   AND (NOT %(own_only)s OR subscription.fusion_service_id = %(service)s)
   AND (SELECT true
          FROM fusion_billing_account_link AS link
         WHERE link.service_id = %(service)s
           AND link.partner_id = ANY(ARRAY(
               SELECT id FROM res_partner WHERE commercial_partner_id = (
                   SELECT commercial_partner_id FROM res_partner
                    WHERE id = subscription.partner_id)))
         LIMIT 1)
"""

BY_NAME = """
subscription.fusion_service_id = %(service)s
AND subscription.fusion_external_id = ANY(%(names)s::varchar[])
"""

BY_NAME_OR_ID = f"({BY_NAME}) OR subscription.id = ANY(%(ids)s::int[])"
