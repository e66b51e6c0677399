"""What to do when another request was faster."""

from contextlib import contextmanager

from psycopg2.errors import UniqueViolation

from odoo.exceptions import ConcurrencyError
from odoo.tools import mute_logger


@contextmanager
def run_again_if_taken():
    """Create a record that another request may be creating at this moment.

    The other one's record cannot be seen in this transaction, whose snapshot is older. Odoo
    runs the request again in a new one, which finds it.
    """
    try:
        with mute_logger("odoo.sql_db"):
            yield
    except UniqueViolation as error:
        raise ConcurrencyError("Another request has created this record just now.") from error
