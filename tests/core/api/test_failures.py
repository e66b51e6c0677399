import unittest

from core.api.failures import MOST, REMEMBERED_AT_MOST, Failures

GUESSER, APP = "203.0.113.9", "198.51.100.7"


class TestFailures(unittest.TestCase):
    def setUp(self):
        self.failures = Failures()

    def guess(self, times, address=GUESSER, now=100.0):
        for _guess in range(times):
            self.failures.note(address, now)

    def left(self, address=GUESSER, name="key", now=100.0):
        return self.failures.seconds_left(address, name, now)

    def test_who_fails_now_and_then_is_looked_at(self):
        self.guess(MOST - 1)
        self.assertEqual(self.left(), 0)

    def test_who_fails_too_often_waits_for_the_rest_of_the_minute(self):
        self.guess(MOST)
        self.assertEqual(self.left(), 60)
        self.assertEqual(self.left(now=130.4), 30)
        self.assertEqual(self.left(now=159.9), 1)
        self.assertEqual(self.left(now=160.0), 0)

    def test_a_new_minute_counts_anew(self):
        self.guess(MOST)
        self.guess(1, now=160.0)
        self.assertEqual(self.left(now=160.0), 0)
        self.guess(MOST - 2, now=170.0)
        self.assertEqual(self.left(now=170.0), 0)
        self.guess(1, now=170.0)
        self.assertEqual(self.left(now=170.0), 50)

    def test_other_addresses_do_not_wait(self):
        self.guess(MOST)
        self.assertEqual(self.left(APP), 0)

    def test_one_client_has_many_addresses_of_ipv6(self):
        for number in range(MOST):
            self.failures.note(f"2001:db8::{number:x}", 100.0)
        self.assertEqual(self.left("2001:db8::ffff"), 60)
        self.assertEqual(self.left("2001:db8::ffff:0:0:1"), 60)
        self.assertEqual(self.left("2001:db8:0:1::"), 0)

    def test_clients_of_ipv4_differ_for_a_server_that_listens_on_ipv6(self):
        self.guess(MOST, f"::ffff:{GUESSER}")
        self.assertEqual(self.left(), 60)
        self.assertEqual(self.left(f"::ffff:{APP}"), 0)

    def test_addresses_that_are_none_are_one_client(self):
        for text in (None, "unknown", "a, b"):
            self.guess(MOST // 3, text)
        self.assertEqual(self.left("whatever"), 60)

    def test_who_was_let_in_before_is_let_in_from_an_address_that_guesses(self):
        self.failures.let_in("good")
        self.guess(MOST)
        self.assertEqual(self.left(name="good"), 0)
        self.assertEqual(self.left(name="other"), 60)

    def test_its_memory_is_bounded(self):
        for number in range(3 * REMEMBERED_AT_MOST):
            self.failures.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 100.0)
            self.failures.let_in(number)
            self.assertLessEqual(len(self.failures._counts), REMEMBERED_AT_MOST)
            self.assertLessEqual(len(self.failures._let_in), REMEMBERED_AT_MOST)
