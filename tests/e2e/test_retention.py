"""Old counters are removed while apps push."""

from datetime import date

from devtools.databases import query
from e2e import audit, in_odoo
from e2e.api_case import ApiServerCase
from e2e.in_odoo import crons

setUpModule = ApiServerCase.start

REMOVAL = "ir_cron_remove_old_usage"
KEPT = "SELECT fusion_external_id, fusion_usage_kept_from FROM sale_order ORDER BY 1"


class TestRetention(ApiServerCase):
    def test_a_counter_that_arrives_meanwhile_is_billed_and_not_removed(self):
        """U5, R9."""
        pushed = [self.event(number, name=name) for name in self.names for number in range(3)]
        self.assertEqual(self.push(pushed).status_code, 200)
        in_odoo.call(self.database, "crons.run", names=[crons.RATING, crons.INVOICING])
        query(self.database, "UPDATE res_company SET fusion_usage_retention_months = 3")
        with self.holding(self.event(99)):
            in_odoo.call(self.database, "crons.run", names=[REMOVAL])
            kept = dict(query(self.database, KEPT))
            self.assertIsNone(kept[self.names[0]])
            self.assertGreater(kept[self.names[1]], date(2026, 6, 1))
        self.assertEqual({name.partition("/")[0] for name in self.stored()}, {self.names[0]})
        self.assertEqual(self.push([self.event(99)]).json()["inserted"], 1)
        in_odoo.call(self.database, "crons.run", names=[REMOVAL])
        self.assertEqual(len(self.stored()), 4)
        in_odoo.call(self.database, "crons.run", names=[crons.RATING, crons.INVOICING, REMOVAL])
        refused = self.push([self.event(1, name=self.names[1])])
        self.assertEqual(refused.json()["code"], "period_outside_subscription")
        self.assertEqual(audit.audit(self.database).differences, [])
        self.assertQuietLog()
