import json
import logging
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

import psycopg2
from psycopg2.pool import PoolError

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, format_datetime

from ..base.cron import tallied
from ..base.retry import no_alarm
from ..base.staff import check_staff

_logger = logging.getLogger(__name__)

KINDS = [
    ("rating", "Rating"),
    ("invoicing", "Invoicing"),
    ("mailing", "Sending Invoices"),
    ("collecting", "Collecting"),
    ("dunning", "Dunning"),
    ("sending", "Sending Webhooks"),
]
OUTCOMES = [
    ("running", "Running"),
    ("success", "Done"),
    ("partial", "Some Failed"),
    ("failed", "Failed"),
    ("interrupted", "Interrupted"),
    ("missed", "Did Not Run"),
]
#: What lists the records of a kind of run, if not subscriptions.
FAILURES = {
    "mailing": "account.action_move_out_invoice_type",
    "collecting": "fusion_billing.fusion_billing_collection_attempt_action",
    "dunning": "fusion_billing.fusion_billing_dunning_case_action",
}
KEPT = timedelta(days=90)
VACUUM_BATCH = 5000
SHOWN_FAILURES = 1000  # that a run names; it counts all
TRIES = 3


class FusionBillingRun(models.Model):
    """One run of a scheduled action, for all companies: what it came to.

    Its row is written in transactions of its own, when the run begins and when it ends, so that
    one that is rolled back or killed is seen too. Whose process or connection is gone is found by
    the next run. A turn that had nothing to do leaves no row, unless it is the first good one
    after others; short ones that follow each other share one, so that there are not more rows
    than quarters of an hour.
    """

    _name = "fusion.billing.run"
    _description = "Billing Run"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "started_at desc, id desc"
    _rec_name = "kind"

    kind = fields.Selection(KINDS, required=True, readonly=True)
    started_at = fields.Datetime("Start", required=True, readonly=True)
    ended_at = fields.Datetime("End", readonly=True)
    duration = fields.Float("Seconds", readonly=True, digits=(12, 2))
    turns = fields.Integer(
        readonly=True, default=1, help="Short runs that follow each other are shown as one."
    )
    done = fields.Integer(
        readonly=True, help="Subscriptions, documents, charges, dunning cases or attempts to send."
    )
    failed = fields.Integer(readonly=True)
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    error = fields.Char("Problem", readonly=True, groups="fusion_billing.group_manager")
    # Ids of subscriptions, or of what else a kind of run takes (see FAILURES), of any company: the
    # list that is opened shows those one may see.
    failed_ids = fields.Json("Failed Records", readonly=True, groups="base.group_system")
    backend = fields.Char(readonly=True, groups="base.group_system")

    _latest_idx = models.Index("(kind, started_at)")
    _running_idx = models.Index("(id) WHERE outcome = 'running'")

    @api.depends("kind", "started_at")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for run in self:
            names = [
                kinds.get(run.kind),
                run.started_at and format_datetime(self.env, run.started_at),
            ]
            run.display_name = ", ".join(filter(None, names))

    # === RECORDING === #

    @api.model
    @contextmanager
    def _recorded(self, kind):
        """Keep what is done here as a run, if a scheduled action does it.

        :param str kind: one of :data:`KINDS`
        """
        if not self.env.context.get("ir_cron_progress_id"):
            yield
            return
        run_id, since = self._begin(kind), monotonic()
        outcome, problem = "failed", None
        with tallied() as tally:
            try:
                yield
                outcome = "partial" if tally.failed else "success"
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"[:500]
                raise
            finally:
                self._end(run_id, kind, tally, outcome, monotonic() - since, problem)

    @api.model
    def _begin(self, kind):
        """Return the id of the row of a run that begins, None if it cannot be written."""
        [[backend]] = self.env.execute_query(SQL("SELECT pg_backend_pid()"))
        rows = self._write_apart(SQL(INTERRUPTED), SQL(BEGIN, kind=kind, backend=backend))
        return rows[0][0] if rows else None

    @api.model
    def _end(self, run_id, kind, tally, outcome, seconds, problem):
        if run_id is None:
            return
        failed_ids = sorted(tally.failed_ids)[:SHOWN_FAILURES]
        self._write_apart(
            SQL(
                END,
                id=run_id,
                kind=kind,
                done=tally.done,
                failed=tally.failed,
                failed_ids=failed_ids,
                outcome=outcome,
                seconds=seconds,
                problem=problem,
            )
        )

    @api.model
    def _write_apart(self, *statements):
        """Run statements in a transaction of their own and return the rows of the last.

        What keeps runs is no reason to stop one: if it fails, there are no rows.
        """
        for _try in range(TRIES):
            try:
                with no_alarm(), self.env.registry.cursor() as cr:
                    for statement in statements:
                        cr.execute(statement)
                    return cr.fetchall()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                continue
            except (psycopg2.Error, PoolError) as error:
                _logger.info("A run is not recorded: %s", error)
                break
        return []

    # === ALARM === #

    @api.model
    def _cron_watch(self):
        """Ask a manager to look at each kind of run that has not succeeded for two hours.

        Marks runs whose process is gone. Of each kind one activity stands, on its latest run that
        did not succeed, until a run of that kind does. A watch that fails is made up for by the
        next one, ten minutes later.
        """
        runs = self.sudo()
        runs._write_apart(SQL(INTERRUPTED))
        runs.env.flush_all()
        stuck = dict(runs.env.execute_query(SQL(STUCK, ids=runs._cron_ids())))
        for kind, _label in KINDS:
            alarms = runs._alarms(kind)
            if kind not in stuck:
                alarms.unlink()
            elif not alarms:
                runs._raise_alarm(kind, stuck[kind])

    @api.model
    def _cron_ids(self):
        """Return the scheduled actions as JSON: kind by id."""
        crons = self.env["fusion.billing.api.readiness"]._crons()
        kinds = {"webhooks": "sending"}
        return json.dumps({cron: kinds.get(name, name) for cron, name in crons.items()})

    @api.model
    def _alarms(self, kind):
        activity_type = self.env.ref("fusion_billing.mail_activity_type_run")
        return self.env["mail.activity"].search(
            [
                ("activity_type_id", "=", activity_type.id),
                ("res_model", "=", self._name),
                ("res_id", "in", self._search([("kind", "=", kind)])),
            ]
        )

    @api.model
    def _raise_alarm(self, kind, since):
        latest = self.search([("kind", "=", kind)], limit=1)
        if latest.outcome not in ("failed", "interrupted", "missed"):
            latest = self.create({"kind": kind, "started_at": since, "outcome": "missed"})
        managers = self.env.ref("fusion_billing.group_manager").all_user_ids.filtered("active")
        latest.activity_schedule(
            "fusion_billing.mail_activity_type_run",
            note=self.env._("It has not succeeded since %(moment)s (UTC).", moment=since),
            user_id=(managers[:1] or self.env.user).id,
        )

    # === ACTIONS === #

    def action_view_failures(self):
        """Show what failed: subscriptions, documents, cases, or attempts to charge or to send."""
        self.ensure_one()
        check_staff(self, "read")
        if self.kind == "sending":
            return self._open_failed_attempts()
        name = FAILURES.get(self.kind, "fusion_billing.sale_order_action")
        action = self.env["ir.actions.act_window"]._for_xml_id(name)
        # sudo: the list shows those that the user may see.
        failed_ids = self.sudo().failed_ids or []
        return {**action, "domain": [("id", "in", failed_ids)], "context": {}}

    def _open_failed_attempts(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "fusion_billing.fusion_billing_webhook_attempt_action"
        )
        domain = [("outcome", "=", "failure"), ("started_at", ">=", self.started_at)]
        if self.ended_at:
            domain.append(("started_at", "<=", self.ended_at))
        views = [(False, "list"), (False, "form")]
        return {**action, "views": views, "domain": domain, "context": {}}

    # === RETENTION === #

    @api.autovacuum
    def _gc_old(self):
        limit = self.env.cr.now() - KEPT
        old = self.search([("started_at", "<", limit)], limit=VACUUM_BATCH)
        old.unlink()
        return len(old), len(old) == VACUUM_BATCH


# A run goes on while the connection that it began on is there: PostgreSQL knows. What another
# run marks at this moment is left to it.
INTERRUPTED = """
UPDATE fusion_billing_run SET outcome = 'interrupted'
 WHERE id IN (
       SELECT id FROM fusion_billing_run AS run
        WHERE outcome = 'running' AND NOT EXISTS (
              SELECT FROM pg_stat_activity
               WHERE concat(pid, ' ', extract(epoch FROM backend_start)) = run.backend)
          FOR UPDATE SKIP LOCKED)
RETURNING id
"""

BEGIN = """
INSERT INTO fusion_billing_run (kind, started_at, outcome, backend, turns, done, failed)
SELECT %(kind)s, clock_timestamp() AT TIME ZONE 'UTC', 'running',
       concat(pid, ' ', extract(epoch FROM backend_start)), 1, 0, 0
  FROM pg_stat_activity WHERE pid = %(backend)s
RETURNING id
"""

# What ended well shares the row of one of the quarter of an hour before that ended alike. Nothing
# to do leaves no row, unless it says that things are well again.
END = """
WITH own AS (
    SELECT id, started_at, %(done)s + %(failed)s = 0 AND %(outcome)s = 'success' AS is_empty
      FROM fusion_billing_run WHERE id = %(id)s
), latest AS (
    SELECT outcome FROM fusion_billing_run
     WHERE kind = %(kind)s AND id != %(id)s AND outcome != 'running'
     ORDER BY started_at DESC, id DESC LIMIT 1
), earlier AS (
    SELECT run.id
      FROM fusion_billing_run AS run, own
     WHERE run.kind = %(kind)s AND run.id != own.id AND run.outcome = %(outcome)s
       AND %(outcome)s IN ('success', 'partial') AND NOT own.is_empty
       AND run.started_at > own.started_at - interval '15 minutes'
       AND run.outcome = (SELECT outcome FROM latest)
     ORDER BY run.started_at DESC, run.id DESC LIMIT 1
       FOR UPDATE OF run SKIP LOCKED
), gathered AS (
    UPDATE fusion_billing_run AS run
       SET turns = turns + 1, done = done + %(done)s, failed = failed + %(failed)s,
           duration = duration + %(seconds)s, ended_at = clock_timestamp() AT TIME ZONE 'UTC',
           failed_ids = to_jsonb(ARRAY(
               SELECT jsonb_array_elements_text(COALESCE(failed_ids, '[]'))::int
               UNION SELECT unnest(%(failed_ids)s::int[]) ORDER BY 1))
      FROM earlier WHERE run.id = earlier.id
    RETURNING run.id
), gone AS (
    DELETE FROM fusion_billing_run AS run USING own
     WHERE run.id = own.id AND (
           EXISTS (SELECT FROM gathered)
           OR own.is_empty AND COALESCE(
               (SELECT outcome FROM latest) IN ('success', 'partial'), true))
    RETURNING run.id
)
UPDATE fusion_billing_run AS run
   SET done = %(done)s, failed = %(failed)s, outcome = %(outcome)s, error = %(problem)s,
       duration = %(seconds)s, ended_at = clock_timestamp() AT TIME ZONE 'UTC',
       failed_ids = to_jsonb(%(failed_ids)s::int[])
  FROM own
 WHERE run.id = own.id AND NOT EXISTS (SELECT FROM gone)
RETURNING run.id
"""

# Since when each kind of run has not succeeded: those that failed since the last success, or a
# scheduled action that is late, or off.
STUCK = """
SELECT kind, min(since) FROM (
    SELECT run.kind, min(run.started_at) AS since
      FROM fusion_billing_run AS run
     WHERE run.outcome IN ('failed', 'interrupted')
       AND run.started_at > COALESCE((
           SELECT max(ended_at) FROM fusion_billing_run AS good
            WHERE good.kind = run.kind AND good.outcome IN ('success', 'partial')), '-infinity')
     GROUP BY run.kind
    UNION ALL
    SELECT %(ids)s::jsonb ->> cron.id::text,
           CASE WHEN cron.active THEN cron.nextcall
                ELSE COALESCE(cron.lastcall, cron.write_date) END
      FROM ir_cron AS cron
     WHERE %(ids)s::jsonb ? cron.id::text
) AS problem
 WHERE since < now() AT TIME ZONE 'UTC' - interval '2 hours'
 GROUP BY kind
"""
