import unittest
from threading import Thread

from core.api.traffic import BOUNDS, STORED_EVERY, Traffic

LATER = 100 + STORED_EVERY


class TestTraffic(unittest.TestCase):
    def setUp(self):
        self.traffic = Traffic()

    def note(self, seconds=0.02, service=1, status=200, events=5, database="a"):
        self.traffic.note(database, service, status, seconds, events, 100)

    def test_requests_are_counted_by_service_and_status(self):
        self.note()
        self.note(seconds=BOUNDS[-1] + 1)
        self.note(status=400, events=0, seconds=0)
        self.assertEqual(
            self.traffic.take("a", LATER),
            {(1, 200): (2, 10, 4.02, 0, 1, 1, 1, 1, 1), (1, 400): (1, 0, 0, 1, 1, 1, 1, 1, 1)},
        )

    def test_a_request_that_took_as_long_as_a_bound_is_within_it(self):
        self.note(seconds=BOUNDS[0])
        self.assertEqual(self.traffic.take("a", LATER)[1, 200][3:], (1, 1, 1, 1, 1, 1))

    def test_what_was_taken_is_not_taken_again(self):
        self.note()
        self.assertTrue(self.traffic.take("a", LATER))
        self.assertFalse(self.traffic.take("a", LATER + STORED_EVERY))

    def test_it_is_taken_now_and_then(self):
        self.note()
        self.assertFalse(self.traffic.take("a", LATER - 1))
        self.assertTrue(self.traffic.take("a", LATER))

    def test_databases_are_counted_apart(self):
        self.note()
        self.note(database="b", service=None)
        self.assertEqual(list(self.traffic.take("b", LATER)), [(None, 200)])
        self.assertEqual(list(self.traffic.take("a", LATER)), [(1, 200)])

    def test_what_could_not_be_stored_is_counted_with_what_came_after(self):
        self.note()
        counts = self.traffic.take("a", LATER)
        self.note()
        self.traffic.give_back("a", counts, LATER)
        self.assertEqual(self.traffic.take("a", LATER + STORED_EVERY)[1, 200][:2], (2, 10))

    def test_what_could_not_be_stored_waits_for_its_time_though_nothing_comes_after(self):
        self.note()
        self.traffic.give_back("a", self.traffic.take("a", LATER), LATER)
        self.assertFalse(self.traffic.take("a", LATER + STORED_EVERY - 1))
        self.assertEqual(self.traffic.take("a", LATER + STORED_EVERY)[1, 200][:2], (1, 5))

    def test_threads_lose_nothing(self):
        threads = [Thread(target=lambda: [self.note() for _ in range(1000)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.traffic.take("a", LATER)[1, 200][0], 8000)
