"""A server of e-mail for tests: it takes whatever is sent to it, and keeps it."""

import email
import email.policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller

from devtools.odoo import free_port


class SmtpSink:
    """`with SmtpSink() as sink:` it listens on the loopback.

    :ivar messages: what arrived, in order
    """

    def __init__(self):
        self.messages: list[EmailMessage] = []
        self.port = free_port()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_exc):
        self._server.stop()

    async def handle_DATA(self, _server, _session, envelope) -> str:
        arrived = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append(arrived)
        return "250 taken"
