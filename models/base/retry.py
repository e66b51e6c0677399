"""What to do when another request is faster.

A transaction of Odoo sees the database as it was when it began. What others have committed
since then makes its writes fail, and Odoo runs the request again, in a new transaction that
sees it. That is no failure, so it raises no alarm in the log.
"""

from contextlib import contextmanager

from psycopg2.errors import UniqueViolation

from odoo.exceptions import ConcurrencyError
from odoo.tools import mute_logger


@contextmanager
def run_again_if_faster():
    """Write what another request may be writing at this moment, a record of the same name too."""
    try:
        with mute_logger("odoo.sql_db"):
            yield
    except UniqueViolation as error:
        raise ConcurrencyError("Another request has created this record just now.") from error
