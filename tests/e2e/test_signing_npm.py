"""The signatures of webhooks, held against the foreign npm package `standardwebhooks`.

Needs `node` and `npm`; without them it says so and is skipped.
"""

import base64
import json
import os
import re
import subprocess
import sys
import time
import unittest

from core.webhook import signing
from devtools import npm
from devtools.paths import ROOT

PACKAGE = "standardwebhooks@1.1.1"

#: Reads a list of cases; writes, for each, what the package makes of it.
VERIFY = """
const { Webhook } = require("standardwebhooks");
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const verify = ({ secret, body, headers }) => {
  try {
    return { accepted: new Webhook(secret).verify(Buffer.from(body, "base64"), headers) };
  } catch (error) {
    return { refused: error.name + ": " + error.message };
  }
};
process.stdout.write(JSON.stringify(cases.map(verify)));
"""
SIGN = """
const { Webhook } = require("standardwebhooks");
const [secret, id, timestamp, body] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const moment = new Date(timestamp * 1000);
process.stdout.write(JSON.stringify(new Webhook(secret).sign(id, moment, body)));
"""
#: Runs the guide's code for Node: reads a secret and cases, writes what becomes of each.
GUIDE = """
import {{ readFileSync }} from "node:fs";
{blocks}
const {{ secret, cases }} = JSON.parse(readFileSync(0, "utf8"));
process.env.FUSION_WEBHOOK_SECRET = secret;
const stored = new Map();
const insertOnce = async (id, body) => {{ if (!stored.has(id)) stored.set(id, body); }};
const store = {{ insertOnce }};
const answers = [];
for (const {{ headers, body }} of cases) {{
  const raw = Buffer.from(body, "base64");
  answers.push([await receive(headers, raw, store), isGenuine(secret, headers, raw)]);
}}
process.stdout.write(JSON.stringify({{ answers, stored: [...stored.keys()] }}));
"""
BODY = json.dumps(
    {"id": "evt_1", "type": "invoice.paid", "data": {"name": "Zoë 😀", "amount": "12.50"}},
    ensure_ascii=False,
).encode()


def setUpModule():
    if not npm.is_there():
        reason = "node and npm are not installed: signatures are not held against the npm package"
        print(reason, file=sys.stderr)
        raise unittest.SkipTest(reason)


class NodeCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        npm.ensure_package(PACKAGE)
        cls.secret, cls.other = signing.generate_secret(), signing.generate_secret()


class TestGuideForNode(NodeCase):
    """The code that docs/webhooks.md has for Node is run: with the library and without."""

    def run_guide(self, *cases):
        """What the guide's code makes of (headers, body)."""
        text = (ROOT / "docs" / "webhooks.md").read_text()
        blocks = re.findall(r"^```js\n(.*?)^```$", text, re.M | re.S)
        self.assertEqual(len(blocks), 2)
        return node(
            GUIDE.format(blocks="\n".join(blocks)),
            {
                "secret": self.secret,
                "cases": [
                    {
                        "headers": {name.lower(): value for name, value in headers.items()},
                        "body": base64.b64encode(body).decode(),
                    }
                    for headers, body in cases
                ],
            },
            "--input-type=module",
        )

    def headers(self, *secrets, event_id="evt_1", seconds=0):
        moment = int(time.time()) + seconds
        return signing.headers(secrets, event_id, "invoice.paid", moment, 1, BODY)

    def test_it_takes_what_we_sign_once_and_answers_well_each_time(self):
        done = self.run_guide(
            (self.headers(self.secret), BODY),
            (self.headers(self.secret), BODY),
            (self.headers(self.other, self.secret), BODY),
            (self.headers(self.secret, self.other), BODY),
        )
        self.assertEqual(done, {"answers": [[204, True]] * 4, "stored": ["evt_1"]})

    def test_it_refuses_what_is_not_ours(self):
        good = self.headers(self.secret)
        done = self.run_guide(
            (self.headers(self.other), BODY),
            (good, BODY + b" "),
            ({**good, "webhook-id": "evt_2"}, BODY),
            ({**good, "webhook-signature": "v1,"}, BODY),
            ({**good, "webhook-timestamp": "soon"}, BODY),
            (self.headers(self.secret, seconds=-400), BODY),
            (self.headers(self.secret, seconds=400), BODY),
        )
        self.assertEqual(done, {"answers": [[401, False]] * 7, "stored": []})


class TestSigningForNode(NodeCase):
    def headers(self, *secrets, timestamp=None):
        moment = int(time.time()) if timestamp is None else timestamp
        return signing.headers(secrets, signing.new_event_id(), "invoice.paid", moment, 1, BODY)

    def verify(self, *cases):
        """What the package says of each (secret, body, headers)."""
        return node(
            VERIFY,
            [
                {"secret": secret, "body": base64.b64encode(body).decode(), "headers": headers}
                for secret, body, headers in cases
            ],
        )

    def test_the_package_accepts_what_we_sign(self):
        """W1: the very bytes."""
        secrets = [signing.generate_secret() for _ in range(50)]
        answers = self.verify(*((secret, BODY, self.headers(secret)) for secret in secrets))
        self.assertEqual(answers, [{"accepted": json.loads(BODY)}] * 50)

    def test_the_package_accepts_either_secret_of_a_rotation(self):
        """A2: rotation overlaps."""
        headers = self.headers(self.other, self.secret)
        answers = self.verify((self.secret, BODY, headers), (self.other, BODY, headers))
        self.assertEqual(answers, [{"accepted": json.loads(BODY)}] * 2)

    def test_the_package_refuses_what_was_changed_or_is_old(self):
        headers = self.headers(self.secret)
        old = self.headers(self.secret, timestamp=int(time.time()) - 600)
        answers = self.verify(
            (self.other, BODY, headers),
            (self.secret, BODY + b" ", headers),
            (self.secret, BODY, {**headers, "webhook-id": "evt_2"}),
            (self.secret, BODY, {**headers, "webhook-signature": "v1," + "A" * 43 + "="}),
            (self.secret, BODY, old),
        )
        for answer in answers:
            self.assertIn("WebhookVerificationError", answer.get("refused", ""))
        self.assertEqual(len(answers), 5)

    def test_the_package_signs_the_same(self):
        timestamp = int(time.time())
        self.assertEqual(
            node(SIGN, [self.secret, "evt_1", timestamp, BODY.decode()]),
            signing.sign(self.secret, "evt_1", timestamp, BODY),
        )

    def test_we_verify_what_the_package_signs(self):
        timestamp = int(time.time())
        signature = node(SIGN, [self.secret, "msg_1", timestamp, BODY.decode()])
        received = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature,
        }
        signing.verify([self.secret], received, BODY)


def node(script, given, *options):
    """Run a script with JSON on its standard input; return the JSON of its standard output."""
    folder = npm.ensure_package(PACKAGE)
    done = subprocess.run(
        ["node", *options, "-e", script],
        cwd=folder,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "NODE_PATH": str(folder / "node_modules")},
    )
    if done.returncode:
        raise AssertionError(f"node failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
