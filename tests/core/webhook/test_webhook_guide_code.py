"""The Python in the guide for app developers is run: it takes what we sign, and nothing else."""

import contextlib
import os
import re
import shutil
import sqlite3
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from http.client import HTTPSConnection
from pathlib import Path
from unittest.mock import patch

from core.webhook import signing

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "webhooks.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
BODY = '{"id": "evt_1", "type": "invoice.paid", "data": {"name": "Zoë 😀"}}'.encode()

try:
    import standardwebhooks
except ImportError:  # a foreign verifier, for development only
    standardwebhooks = None


def sign(*secrets, body=BODY, at=None):
    """The headers of an event, under names in lower case as most servers give them."""
    moment = int(time.time()) if at is None else at
    headers = signing.headers(secrets, "evt_1", "invoice.paid", moment, 1, body)
    return {name.lower(): value for name, value in headers.items()}


class GuideCase(unittest.TestCase):
    def setUp(self):
        self.secret, self.other = signing.generate_secret(), signing.generate_secret()
        self.blocks = BLOCK.findall(GUIDE.read_text())

    def define(self, block):
        names = {}
        exec(block, names)  # noqa: S102  (it is what readers will do)
        return names

    def forged(self):
        """Requests that must be refused: (headers, body)."""
        good = sign(self.secret)
        return [
            (sign(self.other), BODY),
            (good, BODY + b" "),
            ({**good, "webhook-id": "evt_2"}, BODY),
            ({**good, "webhook-timestamp": str(int(time.time()) + 1)}, BODY),
            ({**good, "webhook-signature": "v1,"}, BODY),
            (sign(self.secret, at=int(time.time()) - 400), BODY),
            (sign(self.secret, at=int(time.time()) + 400), BODY),
        ]


@unittest.skipUnless(standardwebhooks, "the package standardwebhooks is not installed")
class TestReceiver(GuideCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = os.path.join(folder, "events.db")
        self.enterContext(
            patch.dict(
                os.environ, {"EVENTS_DATABASE": self.path, "FUSION_WEBHOOK_SECRET": self.secret}
            )
        )
        names = self.define(self.blocks[0])
        self.receive = names["receive"]
        self.addCleanup(names["database"].close)

    def stored(self):
        """What another process finds."""
        with sqlite3.connect(self.path) as database:
            rows = database.execute("SELECT id, body FROM event").fetchall()
        database.close()
        return rows

    def test_an_event_that_comes_twice_is_stored_once_and_answered_well_both_times(self):
        self.assertEqual(self.receive(sign(self.secret), BODY), 204)
        self.assertEqual(self.stored(), [("evt_1", BODY)])
        self.assertEqual(self.receive(sign(self.secret), BODY), 204)
        self.assertEqual(self.stored(), [("evt_1", BODY)])

    def test_both_secrets_of_a_rotation_are_taken(self):
        """A2"""
        self.assertEqual(self.receive(sign(self.other, self.secret), BODY), 204)
        self.assertEqual(self.receive(sign(self.secret, self.other), BODY), 204)

    def test_what_is_not_ours_is_refused_and_not_stored(self):
        for headers, body in self.forged():
            self.assertEqual(self.receive(headers, body), 401)
        self.assertEqual(self.receive({}, BODY), 401)
        self.assertEqual(self.stored(), [])


class TestWithoutLibrary(GuideCase):
    def setUp(self):
        super().setUp()
        self.is_genuine = self.define(self.blocks[1])["is_genuine"]

    def test_what_we_sign_is_genuine(self):
        for secrets in ([self.secret], [self.other, self.secret], [self.secret, self.other]):
            self.assertTrue(self.is_genuine(self.secret, sign(*secrets), BODY))

    def test_what_is_not_ours_is_not(self):
        for headers, body in self.forged():
            self.assertFalse(self.is_genuine(self.secret, headers, body))


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl")
class TestOnesOwnMachine(GuideCase):
    """The certificate and the server of the last section serve whoever trusts the certificate."""

    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        [command] = re.findall(r"^```sh\n(openssl .*?)^```$", GUIDE.read_text(), re.M | re.S)
        subprocess.run(command, shell=True, cwd=self.folder, check=True, capture_output=True)  # noqa: S602
        self.port = self.serve()

    def serve(self):
        """Run the guide's server on a free port until the test ends; return the port."""
        code = self.blocks[2].replace("8443", "0").replace("server.serve_forever()", "")
        for name in ("cert.pem", "key.pem"):
            code = code.replace(name, str(self.folder / name))
        names = {"receive": self.receive}
        exec(code, names)  # noqa: S102
        server = names["server"]
        self.addCleanup(server.server_close)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        return server.server_port

    def receive(self, headers, body):
        return 204 if (headers["webhook-id"], body) == ("evt_1", BODY) else 401

    def post(self, body, cafile):
        context = ssl.create_default_context(cafile=cafile)
        connection = HTTPSConnection("localhost", self.port, timeout=10, context=context)
        with contextlib.closing(connection):
            connection.request("POST", "/", body, sign(self.secret))
            return connection.getresponse().status

    def test_it_receives_what_is_sent(self):
        trusted = self.folder / "cert.pem"
        self.assertEqual(self.post(BODY, trusted), 204)
        self.assertEqual(self.post(BODY + b" ", trusted), 401)

    def test_nobody_else_trusts_it(self):
        with self.assertRaises(ssl.SSLError):
            self.post(BODY, None)


class TestBlocks(GuideCase):
    def test_the_guide_has_no_python_that_is_not_run_here(self):
        self.assertEqual(len(self.blocks), 3)
