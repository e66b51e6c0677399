"""A card is declined, the customer is told and paused, pays in a browser, and goes on by itself."""

import unittest

from core.api.events import EVENT_TYPES
from devtools import browser
from e2e.demo.late import FIRST, THEN, LatePayer


class TestDunningStory(unittest.TestCase):
    def setUp(self):
        browser.ensure_program()
        if not browser.is_installed():
            self.skipTest("there is no browser")

    def test_who_is_late_is_told_and_paused_and_goes_on_once_all_is_paid(self):
        with LatePayer() as story:
            story.tell()
            self.assertEqual(story.told(), FIRST + THEN)
            self.assertLessEqual({*FIRST, *THEN}, {*EVENT_TYPES})
