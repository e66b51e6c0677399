import os
from odoo.tests import tagged

from ..sandbox_case import SandboxCase
import logging
_logger=logging.getLogger(__name__)

@tagged("post_install", "-at_install")
class TestSandboxClock(SandboxCase):
    def test_a_year_of_months_is_billed_as_it_would_have_been(self):
        for n in range(20):
            subscription = self._sign_up(f"c{n}")
        self._push(250, "2026-01-15 13:00:00", "c1")
        began = os.times().elapsed
        self.assertTrue(self._advance("2027-01-15 12:00:00"))
        _logger.warning("took %s", os.times().elapsed - began)
        began = os.times().elapsed
        self.sandbox.action_reset_sandbox()
        _logger.warning("reset took %s", os.times().elapsed - began)
        began = os.times().elapsed
        self.assertTrue(self._advance("2027-01-15 12:00:00"))
        _logger.warning("empty took %s", os.times().elapsed - began)
