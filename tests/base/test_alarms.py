import logging
from threading import Event, Thread

from psycopg2.errors import NotNullViolation, SerializationFailure

from odoo.tests import BaseCase, tagged

from odoo.addons.fusion_billing.models.base.retry import no_alarm

SQL_LOG = logging.getLogger("odoo.sql_db")


@tagged("post_install", "-at_install")
class TestAlarms(BaseCase):
    """A server of threads has one log for all of them."""

    def tell(self, error):
        """Log an error as Odoo's cursor does."""
        SQL_LOG.error("bad query: %s\nERROR: %s", b"SELECT", error)

    def test_two_that_overlap_leave_the_log_as_it_was(self):
        before = SQL_LOG.handlers, SQL_LOG.propagate
        entered, gone = Event(), Event()

        def overlap():
            with no_alarm():
                entered.set()
                gone.wait(10)

        second = Thread(target=overlap)
        with no_alarm():
            second.start()
            entered.wait(10)
        gone.set()
        second.join()
        self.assertEqual((SQL_LOG.handlers, SQL_LOG.propagate), before)

    def test_that_somebody_was_faster_is_no_alarm_until_the_end(self):
        with no_alarm(), self.assertNoLogs(SQL_LOG):
            self.tell(SerializationFailure())
        with self.assertLogs(SQL_LOG):
            self.tell(SerializationFailure())

    def test_what_is_a_mistake_is_told(self):
        with no_alarm(), self.assertLogs(SQL_LOG):
            self.tell(NotNullViolation())

    def test_what_another_thread_has_to_tell_is_told(self):
        other = Thread(target=self.tell, args=(SerializationFailure(),))
        with no_alarm(), self.assertLogs(SQL_LOG):
            other.start()
            other.join()
