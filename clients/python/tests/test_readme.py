"""The README's code is run."""

import json
import re
import tempfile
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

from api_server import Answer, Api
from standardwebhooks import Webhook

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
SECRET = "whsec_c2VjcmV0IG9mIHRoZSByZWFkbWU="


class TestReadme(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.api = self.enterContext(Api())
        examples = re.findall(r"```python\n(.*?)```", README, re.S)
        self.calling, self.changing, self.counting, self.testing, self.receiving = examples

    def run_code(self, code):
        names = {}
        for written, here in (
            ("https://billing.example", self.api.url),
            ("fbk_…", "fbk_test"),
            ("whsec_…", SECRET),
            ("/var/lib/myapp", self.folder),
        ):
            code = code.replace(written, here)
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102
        return names

    def test_calling(self):
        self.answer("GET", "/subscriptions", subscriptions=[], next_cursor=None)
        self.run_code(self.calling)
        called = [(one.verb, one.path) for one in self.api.requests]
        self.assertEqual(
            called, [("POST", "/customers"), ("POST", "/subscriptions"), ("GET", "/subscriptions")]
        )

    def test_changing(self):
        self.answer("GET", "/subscriptions", subscriptions=[], next_cursor=None)
        path = "/subscriptions/external:sub-42"
        self.answer("GET", f"{path}/items", items=[{"item_id": 7}])
        self.answer("PATCH", f"{path}/items/7", preview={"difference_total": "4.20"})
        self.run_code(self.calling + self.changing)
        self.assertEqual(
            [(one.verb, one.path) for one in self.api.requests][3:],
            [
                ("POST", f"{path}/change_plan"),
                ("GET", f"{path}/items"),
                ("PATCH", f"{path}/items/7"),
            ],
        )

    def answer(self, verb, path, **facts):
        self.api.answers.setdefault((verb, path), []).append(Answer(200, {"status": "ok", **facts}))

    def test_counting(self):
        self.run_code(self.counting)
        self.assertEqual(
            self.api.quantities("metric"), {"api_calls": 251, "seats": 17, "active_users": 1}
        )

    def test_counting_by_the_clock_of_a_sandbox(self):
        self.answer("GET", "/sandbox/clock", now="2099-03-01T12:30:00Z")
        with self.run_code(self.testing)["meter"] as meter:
            meter.record("sub-1", "api_calls")
        [event] = self.api.requests[-1].payload["events"]
        self.assertEqual(event["period_start"], "2099-03-01T12:00:00Z")

    def test_receiving(self):
        receive = self.run_code(self.receiving)["receive"]
        body, now = json.dumps({"id": "evt_1"}), time.time()
        moment = datetime.fromtimestamp(now, timezone.utc)
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(now)),
            "webhook-signature": Webhook(SECRET).sign("evt_1", moment, body),
        }
        self.assertEqual(receive(headers, body.encode()), 204)
        self.assertEqual(receive(headers, body.encode()), 204)
        self.assertEqual(receive(headers, body.encode() + b" "), 401)
