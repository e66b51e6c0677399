"""What the tests of guarded HTTP share: an authority, a resolver of their own, a posting."""

import contextlib
import functools
import sys
import unittest

from https_endpoint import HOST, Authority, Endpoint

from core.webhook import safe_http

HELLO = b'{"hello": "there"}'


class Resolver:
    """Looks names up in a list of answers, the last of them for ever, and counts."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = []

    def __call__(self, host):
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class SafeHttpCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.close)
        cls.certificate = cls.authority.certificate(HOST)

    def endpoint(self, behave, *, certificate="", **options):
        """Start a real endpoint for this test, by default with HOST's certificate."""
        certificate = self.certificate if certificate == "" else certificate
        return self.enterContext(Endpoint(behave, certificate, **options))

    def post(self, port, *, host=HOST, path="/", body=HELLO, headers=None, **options):
        """Post to loopback as a development host; what the test gives wins."""
        options = {
            "development_hosts": [HOST],
            "ca_file": self.authority.ca_file,
            "resolver": Resolver(["127.0.0.1"]),
            **options,
        }
        return safe_http.post(f"https://{host}:{port}{path}", body, headers or {}, **options)

    def assertFailed(self, response, code, sentence):
        self.assertIsNotNone(response.error, "it succeeded")
        self.assertEqual(response.error.code, code, response.error.message)
        self.assertRegex(response.error.message, sentence)
        self.assertRegex(response.error.message, r"^[A-Z][a-z]* .*[^.]\.$")
        self.assertFalse(response.ok)


@functools.cache
def _observers():
    """Those told of every connection and look-up of this process, as the interpreter reports it."""
    observers = {}

    def hook(event, arguments):
        if event == "socket.connect":
            tell("connect", arguments[1])
        elif event == "socket.getaddrinfo":
            tell("look up", arguments[0])

    def tell(*event):
        for events in list(observers.values()):
            events.append(event)

    sys.addaudithook(hook)  # cannot be taken away again, so there is one
    return observers


@contextlib.contextmanager
def network_events():
    """Yield a list that grows by ("connect", address) and ("look up", host)."""
    events = []
    _observers()[id(events)] = events
    try:
        yield events
    finally:
        del _observers()[id(events)]
