"""`fusion-usage push`: files are checked as a whole, sent once, and resumed."""

import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from api_server import Api, Cut, refusal
from fusion_billing_client import cli, pauses, push
from fusion_billing_client.cli import REFUSED, STORED, UNFINISHED, WRONG

SOURCE = Path(__file__).resolve().parents[1] / "src"
HEAD = "subscription_external_id,metric_code,quantity,period_start,period_end,dimensions.region"
GOOD = {
    "subscription_external_id": "sub-1",
    "metric_code": "api_calls",
    "quantity": "5",
    "period_start": "2026-01-01T00:00:00Z",
    "period_end": "2026-01-01T01:00:00Z",
}


class PushCase(unittest.TestCase):
    def setUp(self):
        self.enterContext(patch.object(pauses, "SHORTEST", 0.01))
        self.api = self.enterContext(Api())
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.environment = {"FUSION_API_KEY": "fbk_test", "FUSION_URL": self.api.url}

    def write(self, *lines, name="usage.csv"):
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def write_many(self, count, names=1):
        """Rows of many hours, with quantities that only fit together in one way."""
        hours = (f"2026-01-{1 + n // 24:02}T{n % 24:02}" for n in range(count // names + 1))
        rows = [
            f"sub-{name},api_calls,{number}.000001,{hour}:00:00Z,{hour}:30:00Z,"
            for number, hour in enumerate(hours)
            for name in range(names)
        ]
        return self.write(HEAD, *rows[:count])

    def push(self, *arguments):
        """Run the command; return its exit status and what it says."""
        said = io.StringIO()
        with patch.dict(os.environ, self.environment), contextlib.redirect_stderr(said):
            return cli.main(["push", *map(str, arguments)]), said.getvalue()

    def posts(self):
        return [request for request in self.api.requests if request.verb == "POST"]


class TestFiles(PushCase):
    def test_csv_and_ndjson_that_say_the_same_are_the_same(self):
        rows = self.write(
            HEAD,
            "sub-1,api_calls,1250.5,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,eu",
            "sub-1,api_calls,7,2026-01-01T01:00:00+01:00,2026-01-01 01:00:00,",
        )
        lines = [
            {**GOOD, "quantity": 1250.5, "dimensions": {"region": "eu"}},
            {**GOOD, "quantity": 7, "dimensions": {}, "value": None},
        ]
        self.assertEqual(self.push(rows)[0], STORED)
        first = dict(self.api.counters)
        status, said = self.push(self.write(*map(json.dumps, lines), "", name="usage.ndjson"))
        self.assertEqual((status, self.api.counters), (STORED, first))
        self.assertIn("0 new, 0 changed, 2 known before", said)
        self.assertEqual(self.api.total(), Decimal("1257.5"))

    def test_a_number_stays_as_it_is_written(self):
        text = json.dumps(GOOD).replace('"5"', "999999999999999999.999999")
        self.assertEqual(self.push(self.write(text, name="a.ndjson"))[0], STORED)
        self.assertEqual(self.api.total(), Decimal("999999999999999999.999999"))

    def test_a_corrected_file_corrects(self):
        path = self.write(json.dumps(GOOD), name="usage.ndjson")
        self.assertEqual(self.push(path)[0], STORED)
        self.write(json.dumps({**GOOD, "quantity": 3}), name="usage.ndjson")
        status, said = self.push(path)
        self.assertIn("1 changed", said)
        self.assertEqual((status, self.api.total()), (STORED, 3))

    def test_whatever_is_wrong_is_told_by_line_and_nothing_is_sent(self):
        wrong = (
            "no json",
            "[]",
            *(
                json.dumps({**GOOD, **changes})
                for changes in (
                    {"quantity": "-1"},
                    {"quantity": None},
                    {"quantity": True},
                    {"metric_code": "unheard"},
                    {"subscription_external_id": None},
                    {"subscription_id": 7},
                    {"period_start": "yesterday"},
                    {"period_end": GOOD["period_start"]},
                    {"period_start": "2099-01-01T00:00:00Z", "period_end": "2099-01-02T00:00:00Z"},
                    {"dimensions": ["x"]},
                    {"value": ""},
                    {"colour": "red"},
                )
            ),
        )
        for dry in ((), ("--dry-run",)):
            path = self.write(json.dumps(GOOD), *wrong, name="usage.ndjson")
            status, said = self.push(path, *dry)
            self.assertEqual(status, WRONG)
            self.assertEqual(said.count("line "), len(wrong), said)
            self.assertIn(f"{len(wrong)} of {len(wrong) + 1} rows are wrong", said)
        self.assertEqual(self.posts(), [])

    def test_one_counter_twice_in_a_file_is_a_mistake_unless_each_has_a_key(self):
        twice = [json.dumps({**GOOD, "quantity": quantity}) for quantity in (5, 7)]
        status, said = self.push(self.write(*twice, name="usage.ndjson"))
        self.assertEqual(status, WRONG)
        self.assertIn("line 2: line 1 has this counter already", said)
        keys = [json.dumps({**GOOD, "idempotency_key": key}) for key in "ab"]
        self.assertEqual(self.push(self.write(*keys, name="usage.ndjson"))[0], STORED)
        self.assertEqual(self.api.total(), 10)

    def test_a_table_that_is_none_is_refused(self):
        row = "sub-1,api_calls,5,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z"
        for lines in (
            ("colour,size", "red,1"),
            (HEAD, row),
            (HEAD, row + ",eu,more"),
            (HEAD, row + ',"eu'),
            (HEAD + ",quantity", row + ",eu,5"),
        ):
            with self.subTest(lines=lines):
                self.assertEqual(self.push(self.write(*lines))[0], WRONG)
        self.assertEqual(self.push(self.write("x", name="usage.xlsx"))[0], WRONG)
        self.assertEqual(self.push(self.folder / "none.csv")[0], WRONG)
        self.environment["FUSION_API_KEY"] = ""
        self.assertEqual(self.push(self.write(HEAD))[0], WRONG)
        self.assertEqual(self.posts(), [])

    def test_a_dry_run_sends_nothing(self):
        status, said = self.push(self.write_many(100), "--dry-run")
        self.assertEqual((status, self.posts()), (STORED, []))
        self.assertIn("100 rows, nothing is wrong", said)


class TestSending(PushCase):
    def test_a_large_file_goes_in_batches(self):
        path = self.write_many(6_000, names=10)
        self.api.most_events = 2_000
        status, said = self.push(path)
        self.assertEqual((status, len(self.api.counters)), (STORED, 6_000))
        self.assertIn("6,000 of 6,000 rows (100 %)", said)
        self.assertEqual(list(self.folder.iterdir()), [path])

    def test_refused_rows_are_put_aside_and_the_others_are_stored(self):
        lines = [
            json.dumps({**GOOD, "subscription_external_id": f"{'un' * (n % 3 == 0)}known-{n}"})
            for n in range(400)
        ]
        status, said = self.push(self.write(*lines, name="usage.ndjson"))
        self.assertEqual((status, self.api.total()), (REFUSED, 5 * 266))
        self.assertIn("refused 134 rows", said)
        refused = self.folder / "usage.ndjson.refused.ndjson"
        told = [json.loads(line) for line in refused.read_text().splitlines()]
        self.assertEqual([one["line"] for one in told], list(range(1, 401, 3)))
        self.assertEqual({one["code"] for one in told}, {"unknown_subscription"})
        self.api.unknown = "nobody"
        self.assertEqual(self.push(refused)[0], STORED)
        self.assertEqual(self.api.total(), 5 * 400)

    def test_it_goes_on_where_it_stopped(self):
        path = self.write_many(600)
        with patch.object(push, "MOST_EVENTS", 100):
            self.api.next(None, None, None, refusal(401, "unauthorized"))
            status, said = self.push(path)
            self.assertEqual((status, len(self.api.counters)), (UNFINISHED, 200))
            self.assertIn("unauthorized", said)
            self.api.requests.clear()
            status, said = self.push(path)
        self.assertEqual((status, len(self.api.counters)), (STORED, 600))
        self.assertEqual([len(one.payload["events"]) for one in self.posts()], [100] * 4)
        self.assertIn("200 rows were sent before", said)
        self.assertEqual(list(self.folder.iterdir()), [path])

    def test_another_file_of_the_same_name_begins_anew(self):
        path = self.write_many(200)
        with patch.object(push, "MOST_EVENTS", 100):
            self.api.next(None, None, refusal(401, "unauthorized"))
            self.assertEqual(self.push(path)[0], UNFINISHED)
            head, *rows = self.write_many(300).read_text().splitlines()
            self.write(head, *reversed(rows))
            self.assertEqual(self.push(path)[0], STORED)
        self.assertEqual(len(self.api.counters), 300)

    def test_lost_answers_count_once(self):
        self.api.next(None, Cut("before"), Cut("late"), refusal(503, "unavailable"))
        self.assertEqual(self.push(self.write_many(300))[0], STORED)
        before = dict(self.api.counters)
        self.api.deliver_late()
        self.assertEqual((len(before), self.api.counters), (300, before))

    def test_a_file_whose_sending_is_killed_again_and_again_is_stored_once(self):
        path, drawn = self.write_many(320), random.Random(5)
        total = sum(Decimal(f"{number}.000001") for number in range(320))
        code = (
            "import sys; from fusion_billing_client import cli, push; push.MOST_EVENTS = 20;"
            "sys.exit(cli.main(sys.argv[1:]))"
        )
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(SOURCE)}
        kills = 0
        while True:
            process = subprocess.Popen(
                [sys.executable, "-c", code, "push", path],
                env=environment,
                stderr=subprocess.DEVNULL,
            )
            deadline, before = time.monotonic() + 30, len(self.api.counters)
            while process.poll() is None and len(self.api.counters) < before + 100:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.001)
            time.sleep(drawn.uniform(0, 0.02))
            process.kill()
            if process.wait() == STORED:
                break
            kills += 1
        self.assertGreater(kills, 1)
        self.assertEqual(self.api.total(), total)
