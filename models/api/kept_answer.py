from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from ...core.api.errors import IdempotencyMismatch, InFlight, SecretToldOnce
from ...core.api.idempotency import KEPT_HOURS
from ..base.retry import no_alarm

VACUUM_BATCH = 10_000


class Kept(NamedTuple):
    """An answer as it was given the first time: its HTTP status and its JSON."""

    status: int
    content: bytes


class FusionBillingKeptAnswer(models.Model):
    """What a request with an `Idempotency-Key` was answered, so that it can be answered again.

    The answer is kept in the transaction of what the request did: either both are there or
    neither is. So a request that was refused, or killed, does not use up its key (U4).
    """

    _name = "fusion.billing.kept.answer"
    _description = "Kept Answer"
    _log_access = False

    service_id = fields.Many2one("fusion.billing.service", required=True, ondelete="cascade")
    key = fields.Char(required=True)
    fingerprint = fields.Char(required=True, help="Tells another request with the same key.")
    status = fields.Integer("HTTP Status", required=True)
    content = fields.Text("Answer", help="Empty if it told a secret: that is shown once.")
    kept_at = fields.Datetime(required=True, index=True)

    _key_unique = models.Constraint(
        "UNIQUE(service_id, key)", "You cannot keep two answers for one key of a service."
    )

    @api.model
    def _find(self, service, key, fingerprint):
        """Return the :class:`Kept` answer to a request; None if it is to be carried out.

        From here to the end of the transaction, nobody else carries out a request with this key.

        :raise InFlight: somebody is at it
        :raise IdempotencyMismatch: the key came with another request
        :raise SecretToldOnce: the answer told a secret
        """
        name = f"fusion_billing.kept_answer/{service.id}/{key}"
        [[is_free]] = self.env.execute_query(SQL(TAKE_TURN, name))
        if not is_free:
            raise InFlight("A request with this Idempotency-Key is being carried out: wait.")
        rows = self.env.execute_query(SQL(FIND, service.id, key, _span()))
        if not rows:
            return None
        [[known, status, content]] = rows
        if known != fingerprint:
            raise IdempotencyMismatch(
                "This Idempotency-Key came with another request: use a new key for each request."
            )
        if content is None:
            raise SecretToldOnce("This was done, and its secret was told once: make another one.")
        return Kept(status, content.encode())

    @api.model
    def _keep(self, service, key, fingerprint, status, content, tells_secret):
        """Keep the answer to a request that was carried out, for a day.

        :param bytes content: its JSON
        :param bool tells_secret: keep that it was done, and not what was answered
        :raise ConcurrencyError: another request with the key was carried out meanwhile, while this
            one committed on its way: the first answer counts
        """
        with no_alarm():
            self.env.cr.execute(
                SQL(
                    KEEP,
                    service=service.id,
                    key=key,
                    fingerprint=fingerprint,
                    status=status,
                    content=None if tells_secret else content.decode(),
                    span=_span(),
                )
            )
        if not self.env.cr.rowcount:
            raise ConcurrencyError("Another request with this Idempotency-Key was faster.")

    @api.autovacuum
    def _gc_old(self):
        self.env.cr.execute(SQL(FORGET, _span(), VACUUM_BATCH))
        return self.env.cr.rowcount, self.env.cr.rowcount == VACUUM_BATCH


def _span():
    return timedelta(hours=KEPT_HOURS)


# The clock is the database's, the same for all workers.
TAKE_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"

FIND = """
SELECT fingerprint, status, content FROM fusion_billing_kept_answer
 WHERE service_id = %s AND key = %s AND kept_at > now() AT TIME ZONE 'UTC' - %s
"""

# The one of a day ago makes room; a new one that this transaction does not see has it run again.
KEEP = """
INSERT INTO fusion_billing_kept_answer AS kept
       (service_id, key, fingerprint, status, content, kept_at)
VALUES (%(service)s, %(key)s, %(fingerprint)s, %(status)s, %(content)s, now() AT TIME ZONE 'UTC')
ON CONFLICT (service_id, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = excluded.status,
       content = excluded.content, kept_at = excluded.kept_at
 WHERE kept.kept_at <= excluded.kept_at - %(span)s
"""

FORGET = """
DELETE FROM fusion_billing_kept_answer WHERE id IN (
    SELECT id FROM fusion_billing_kept_answer
     WHERE kept_at <= now() AT TIME ZONE 'UTC' - %s LIMIT %s)
"""
