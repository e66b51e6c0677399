import logging
from threading import Thread

from odoo.tests import BaseCase, tagged

from odoo.addons.fusion_billing.models.base.retry import no_alarm

SQL_LOG = logging.getLogger("odoo.sql_db")


@tagged("post_install", "-at_install")
class TestAlarms(BaseCase):
    """A server of threads has one log for all of them."""

    def test_two_that_overlap_leave_the_log_as_it_was(self):
        first, second = no_alarm(), no_alarm()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        with self.assertNoLogs(SQL_LOG):
            SQL_LOG.error("the second one expects this")
        second.__exit__(None, None, None)
        with self.assertLogs(SQL_LOG):
            SQL_LOG.error("nobody expects this")

    def test_what_another_thread_has_to_tell_is_told(self):
        other = Thread(target=SQL_LOG.error, args=("nobody expects this",))
        with no_alarm(), self.assertLogs(SQL_LOG):
            other.start()
            other.join()
