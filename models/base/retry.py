"""What to do when another request is faster.

A transaction of Odoo sees the database as it was when it began. What others have committed
since then makes its writes fail, and Odoo runs the request again, in a new transaction that
sees it. That is no failure, so it raises no alarm in the log.
"""

import logging
import threading
from contextlib import contextmanager

from psycopg2.errors import UniqueViolation

from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# What Odoo runs a request again for.
RUN_AGAIN = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError)

_here = threading.local()


class _Alarms(logging.Filter):
    """Lets through what a thread does not expect; Odoo's `mute_logger` is for a single one."""

    def filter(self, record):
        return not any(isinstance(value, _expected()) for value in record.args or ())


def _expected():
    return getattr(_here, "expected", ())


logging.getLogger("odoo.sql_db").addFilter(_Alarms())


@contextmanager
def no_alarm(*others):
    """Keep out of the log that somebody else was faster: this thread deals with it.

    :param others: classes of errors of the database that it deals with, too
    """
    before = _expected()
    _here.expected = (*before, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, *others)
    try:
        yield
    finally:
        _here.expected = before


@contextmanager
def run_again_if_faster():
    """Write what another request may be writing at this moment, a record of the same name too."""
    try:
        with no_alarm(UniqueViolation):
            yield
    except UniqueViolation as error:
        raise ConcurrencyError("Another request has created this record just now.") from error


@contextmanager
def left_if_busy(env):
    """Do something that the next run does as well: it is left to it if somebody else is at it."""
    # What fails of this would not be undone by the savepoint.
    env.cr.flush()
    try:
        with no_alarm(), env.cr.savepoint():
            yield
    except RUN_AGAIN as error:
        _logger.info("Left to the next run: %s", error)


def lock(records, allow_referencing=False):
    """Wait until nobody else changes these records, and let nobody until the transaction ends.

    If somebody has changed them since it began, the transaction is run again.

    :param bool allow_referencing: let others add to them meanwhile, such as counters
    """
    query = SQL(
        "SELECT FROM %s WHERE id = ANY(%s) ORDER BY id FOR %s",
        SQL.identifier(records._table),
        records.ids,
        SQL("NO KEY UPDATE" if allow_referencing else "UPDATE"),
    )
    with no_alarm():
        records.env.cr.execute(query)


def hold(records):
    """Wait until nobody changes these records, and let nobody until the transaction ends; others
    may hold them at the same time. If somebody has changed them since it began, it is run again.
    """
    query = "SELECT FROM %s WHERE id = ANY(%s) ORDER BY id FOR SHARE"
    with no_alarm():
        records.env.cr.execute(SQL(query, SQL.identifier(records._table), records.ids))


def lock_in_turn(records):
    """Lock these records, and leave a trace on them: whoever waits for that is run again, and sees
    what was done meanwhile, also where it changed nothing else of these records.
    """
    lock(records)
    records.env.cr.execute(
        SQL("UPDATE %s SET id = id WHERE id = ANY(%s)", SQL.identifier(records._table), records.ids)
    )
