"""The JavaScript client and a real server: the way of an app, and what must not be lost on it."""

import base64
import json
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from chaos_case import ChaosCase
from js_case import JsCase, need_node, run
from standardwebhooks import Webhook

from core.webhook import signing

SEED = 3
ROUNDS = 3


def setUpModule():
    need_node()
    ChaosCase.start()


class TestJsWayOfAnApp(JsCase, ChaosCase):
    def test_from_the_first_customer_to_what_usage_comes_to(self):
        spool = Path(self.enterContext(tempfile.TemporaryDirectory()), "spool")
        program = self.package / "tests" / "way_of_an_app.mjs"
        run("node", program, self.server.url, self.key, spool, cwd=self.package)
        [left] = spool.iterdir()
        self.assertIn(".refused.ndjson", left.name)
        self.assertQuietLog()


class TestJsChaos(JsCase, ChaosCase):
    @property
    def program(self):
        return ("node", self.package / "tests" / "counting_app.mjs")

    def test_whatever_is_killed_or_cut_off_the_count_is_exact(self):
        self.assert_exact(SEED, ROUNDS, restarts={1})


class TestJsSignatures(JsCase):
    """Signatures of the addon's own code, and of a foreign package."""

    BODY = json.dumps({"id": "evt_1", "type": "invoice.paid", "data": {"name": "Zoë 😀"}}).encode()

    def verify(self, headers, secrets, body=BODY):
        """The type of the event, or the name of what is thrown."""
        program = (
            'import { verifyWebhook } from "@nexa/fusion-billing";\n'
            "const [body, headers, secrets] = JSON.parse(process.argv[1]);\n"
            'const event = verifyWebhook(Buffer.from(body, "base64"), headers, secrets);\n'
            "console.log(await event.then(({ type }) => type, ({ name }) => name));"
        )
        given = [base64.b64encode(body).decode(), headers, secrets]
        return self.run_node(program, json.dumps(given)).strip()

    def test_what_the_addon_signs_is_genuine(self):
        one, two = signing.generate_secret(), signing.generate_secret()
        headers = signing.headers(
            [one, two], "evt_1", "invoice.paid", int(time.time()), 1, self.BODY
        )
        for secrets in (one, two, [two, one]):
            self.assertEqual(self.verify(headers, secrets), "invoice.paid")
        other = signing.generate_secret()
        self.assertEqual(self.verify(headers, other), "WebhookError")
        self.assertEqual(self.verify(headers, one, self.BODY + b" "), "WebhookError")

    def test_what_a_foreign_package_signs_is_genuine(self):
        secret, now = signing.generate_secret(), time.time()
        moment = datetime.fromtimestamp(now, timezone.utc)
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(now)),
            "webhook-signature": Webhook(secret).sign("evt_1", moment, self.BODY.decode()),
        }
        self.assertEqual(self.verify(headers, secret), "invoice.paid")
