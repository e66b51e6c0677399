"""The hour at which scheduled actions run decides nothing, whatever the clock does (T3)."""

import unittest
from datetime import datetime, timedelta

from devtools.databases import copy_database, drop_database, query, temporary_database
from e2e import audit, in_odoo

ZONE = "Europe/Paris"  # its clocks go forward on 29 March 2026, at 01:00 UTC
BEGAN, DAYS = datetime(2026, 1, 1, 3), 140
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPRING = datetime(2026, 3, 29)
ON_TIME = [BEGAN + number * DAY for number in range(1, DAYS)]


class TestLongClock(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.enterClassContext(temporary_database("clock"))
        in_odoo.call(cls.template, "clock.begin", began=f"{BEGAN}", zone=ZONE, days=DAYS)
        cls.expected = cls("documents_of").documents_of("on_time", ON_TIME)

    def documents_of(self, name, moments):
        """The documents of a world in which the crons run at these moments, in this order."""
        database = f"{self.template}_{name}"
        copy_database(self.template, database)
        try:
            in_odoo.call(database, "clock.run", moments=[f"{moment}" for moment in moments])
            self.assertEqual(audit.audit(database, moments[-1]).differences, [])
            return query(database, DOCUMENTS)
        finally:
            drop_database(database)

    def assert_same_documents(self, name, moments):
        self.assertGreater(len(self.expected), 20)
        self.assertEqual(self.documents_of(name, [*moments, ON_TIME[-1]]), self.expected)

    def test_a_cron_that_was_down_for_three_months_gives_the_documents_of_one_that_was_not_T3(self):
        self.assert_same_documents("down", [*ON_TIME[:40], *ON_TIME[131:]])

    def test_a_clock_that_jumps_forward_by_days_gives_the_same_documents_T3(self):
        self.assert_same_documents("forward", [*ON_TIME[:5], *ON_TIME[12::9]])

    def test_a_clock_that_falls_back_by_an_hour_gives_the_same_documents_T3(self):
        moments = (
            (midnight - HOUR, midnight + HOUR / 2, midnight - HOUR / 2, midnight + HOUR)
            for midnight in (moment.replace(hour=0) for moment in ON_TIME[::2])
        )
        self.assert_same_documents("back", [moment for four in moments for moment in four])

    def test_a_cron_that_runs_across_a_change_of_the_clocks_gives_the_same_documents_T3(self):
        across = [SPRING + minutes * HOUR / 60 for minutes in range(-120, 180, 20)]
        before = [moment for moment in ON_TIME[::11] if moment < across[0]]
        after = [moment for moment in ON_TIME[::11] if moment > across[-1]]
        self.assert_same_documents("spring", [*before, *across, *after])


DOCUMENTS = """
SELECT subscription.fusion_external_id, move.move_type, move.state, move.amount_total::text,
       array_agg(concat_ws(' ', rating.cycle_start, rating.date_from, rating.date_until,
                           rating.item_id, rating.charge_id, rating.quantity,
                           line.fusion_settled, line.price_subtotal, line.name)
                 ORDER BY rating.date_from, rating.item_id, rating.charge_id) AS lines
  FROM account_move AS move
  JOIN account_move_line AS line ON line.move_id = move.id
  JOIN fusion_billing_rating AS rating ON rating.id = line.fusion_rating_id
  JOIN sale_order AS subscription ON subscription.id = rating.subscription_id
 GROUP BY subscription.id, move.id
 ORDER BY subscription.fusion_external_id, lines
"""
