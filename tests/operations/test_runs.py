"""What is kept of scheduled runs, and who is asked when one kind does not succeed."""

import contextlib
from datetime import timedelta

from odoo import fields
from odoo.tools import mute_logger

from ...models.base.cron import tally
from ..common import BillingCase

RATING, INVOICING, SEND, DELIVER = (
    "ir_cron_rate_open_periods",
    "ir_cron_create_invoices",
    "ir_cron_send_invoices",
    "ir_cron_deliver_webhooks",
)

# Those that somebody is asked about if they do not run.
CRONS = {
    "rating": RATING,
    "invoicing": INVOICING,
    "collecting": "ir_cron_collect",
    "dunning": "ir_cron_dun",
    "sending": DELIVER,
}


class RunsCase(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runs = cls.env["fusion.billing.run"]
        cls.runs.search([]).unlink()
        cls._charge(price_per_unit="0.01")

    def _new(self, kind=None):
        self.env.invalidate_all()
        return self.runs.search([("kind", "=", kind)] if kind else [], order="id")

    def _hours_ago(self, hours):
        return fields.Datetime.now() - timedelta(hours=hours)


class TestRuns(RunsCase):
    def test_a_run_says_how_much_it_did(self):
        for _number in range(3):
            self._use(self._subscribe(), 100)
        self._run_cron(RATING)
        run = self._new()
        self.assertRecordValues(
            run, [{"kind": "rating", "outcome": "success", "done": 3, "failed": 0, "turns": 1}]
        )
        self.assertGreater(run.duration, 0)
        self.assertLessEqual(run.started_at, run.ended_at)

    def test_an_invoicing_run_counts_what_it_invoices_and_the_rating_in_it_is_a_run_too(self):
        self._subscribe(products=[self.fee_product])
        self._run_cron(INVOICING)
        self.assertGreaterEqual(self._new("invoicing").done, 1)
        self.assertLessEqual(set(self._new().mapped("kind")), {"invoicing", "rating"})

    def test_a_run_that_sends_invoices_opens_those_that_could_not_be_sent(self):
        self.plan.invoice_mode = "send"
        subscription = self._subscribe(fields.Date.today(), products=[self.fee_product])
        self._run_cron(INVOICING)
        self._run_cron(SEND)
        run = self._new("mailing")
        self.assertRecordValues(run, [{"outcome": "partial", "done": 0, "failed": 1}])
        action = run.action_view_failures()
        unsent = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(unsent, subscription.invoice_ids)

    def test_a_turn_without_work_leaves_no_row(self):
        for name in (RATING, INVOICING, DELIVER):
            self._run_cron(name)
            self._run_cron(name)
        self.assertFalse(self._new("sending"))
        before = self._new()
        for name in (RATING, INVOICING, DELIVER):
            self._run_cron(name)
        self.assertEqual(self._new(), before)

    def test_nobody_else_than_a_scheduled_action_leaves_a_row(self):
        self._use(self._subscribe(), 100)
        self._rate()
        self._bill()
        self.assertFalse(self._new())

    def test_short_runs_that_follow_each_other_share_a_row(self):
        subscription = self._subscribe()
        for hour in range(3):
            self._use(subscription, 100, f"2026-01-10 0{hour}:00:00")
            self._run_cron(RATING)
        run = self._new()
        self.assertEqual((len(run), run.turns, run.done), (1, 3, 3))
        run.started_at -= timedelta(minutes=16)
        run.flush_recordset()
        self._use(subscription, 100, "2026-01-11")
        self._run_cron(RATING)
        self.assertEqual(self._new().mapped("turns"), [3, 1])

    def test_a_subscription_that_fails_is_counted_and_one_click_away_R7(self):
        """R7"""
        good, bad = self._subscribe(), self._subscribe()
        for order in good | bad:
            self._use(order, 100)
        foreign = self._foreign("CHF", {})
        self._charge(self._metric("other"), currency_id=foreign.id)
        self._use(bad, 7, metric=self.env["fusion.billing.metric"].search([("code", "=", "other")]))
        with mute_logger("odoo.addons.fusion_billing"):
            self._run_cron(RATING)
        failing = (good | bad).filtered("fusion_error")
        self.assertTrue(failing)
        run = self._new()
        self.assertEqual(
            (run.outcome, run.done, run.failed), ("partial", 2 - len(failing), len(failing))
        )
        action = run.action_view_failures()
        self.assertEqual(self.env["sale.order"].search(action["domain"]), failing)

    def test_a_run_that_is_rolled_back_is_seen_and_so_is_the_first_good_one_after_it(self):
        self._record("rating", fails=True)
        run = self._new()
        self.assertEqual((run.outcome, run.done), ("failed", 2))
        self.assertIn("ZeroDivisionError", run.error)
        self._record("rating")
        self._record("rating")
        self.assertEqual(self._new().mapped("outcome"), ["failed", "success"])

    def test_a_run_whose_process_is_gone_is_marked_by_the_next_one(self):
        gone = self.runs.create(
            {"kind": "sending", "started_at": self._hours_ago(1), "outcome": "running"}
        )
        gone.flush_recordset()
        self._use(self._subscribe(), 100)
        self._run_cron(RATING)
        self.assertEqual(self._new().mapped("outcome"), ["interrupted", "success"])

    def test_a_run_that_goes_on_is_not_taken_for_gone(self):
        with self.enter_registry_test_mode():
            runs = self.runs.with_context(ir_cron_progress_id=1)
            with runs._recorded("rating"):
                tally().taken = 1
                runs._cron_watch()
                self.assertEqual(self._new().outcome, "running")
        self.assertEqual(self._new().outcome, "success")

    def test_rows_are_removed_after_three_months(self):
        old, young = (
            self.runs.create(
                {"kind": "rating", "outcome": "success", "started_at": self._hours_ago(24 * days)}
            )
            for days in (91, 89)
        )
        self.runs._gc_old()
        self.assertEqual(self._new(), young)
        self.assertFalse(old.exists())

    def _record(self, kind, fails=False):
        """A run as the scheduler has it: of nothing, or one that takes two and breaks."""
        runs = self.runs.with_context(ir_cron_progress_id=1)
        with (
            self.enter_registry_test_mode(),
            contextlib.suppress(ZeroDivisionError),
            runs._recorded(kind),
        ):
            if fails:
                tally().taken = 2
                raise ZeroDivisionError


class TestRunAlarm(RunsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.crons = {kind: cls.env.ref(f"fusion_billing.{name}") for kind, name in CRONS.items()}
        for cron in cls.crons.values():
            cron.write({"active": True, "nextcall": fields.Datetime.now() + timedelta(hours=1)})
        cls.env.flush_all()

    def _watch(self):
        self._run_cron("ir_cron_watch_runs")
        self.env.invalidate_all()
        return self.env["mail.activity"].search([("res_model", "=", "fusion.billing.run")])

    def _ran(self, outcome, hours, kind="rating"):
        at = self._hours_ago(hours)
        return self.runs.create(
            {"kind": kind, "started_at": at, "ended_at": at, "outcome": outcome}
        )

    def test_a_manager_is_asked_once_about_a_kind_that_fails_for_two_hours(self):
        self._ran("success", 4)
        self._ran("failed", 3)
        latest = self._ran("failed", 1)
        activity = self._watch()
        self.assertEqual(activity.mapped("res_id"), latest.ids)
        self.assertTrue(activity.user_id.has_group("fusion_billing.group_manager"))
        self._ran("failed", 0)
        self.assertEqual(self._watch(), activity)

    def test_the_next_success_takes_the_question_back(self):
        self._ran("failed", 3)
        self.assertTrue(self._watch())
        self._ran("success", 0)
        self.assertFalse(self._watch())

    def test_nobody_is_asked_before_two_hours_are_over(self):
        self._ran("failed", 1.9)
        self.assertFalse(self._watch())

    def test_what_failed_before_the_last_success_is_over(self):
        self._ran("failed", 5)
        self._ran("partial", 4)
        self._ran("failed", 1)
        self.assertFalse(self._watch())

    def test_an_action_that_is_late_or_off_is_asked_about_where_nothing_ran(self):
        self.crons["invoicing"].nextcall = self._hours_ago(3)
        self.crons["collecting"].nextcall = self._hours_ago(3)
        self.crons["dunning"].write({"active": False, "lastcall": self._hours_ago(3)})
        self.crons["sending"].write({"active": False, "lastcall": self._hours_ago(3)})
        kinds = {self.runs.browse(activity.res_id).kind for activity in self._watch()}
        self.assertEqual(kinds, {"invoicing", "collecting", "dunning", "sending"})
        self.assertEqual(set(self._new().mapped("outcome")), {"missed"})
        self.assertEqual(len(self._watch()), 4)
        self.crons["invoicing"].nextcall = fields.Datetime.now() + timedelta(hours=1)
        self.assertEqual(len(self._watch()), 3)
