"""What no client library would send, straight through a socket; and a database that is away."""

import json

from psycopg2 import sql

from devtools.databases import query
from devtools.e2e.api_case import ApiServerCase
from devtools.fusion_client import BASE

setUpModule = ApiServerCase.start


class TestWire(ApiServerCase):
    def talk(self, head, body=b"", verb="POST", path="/usage"):
        """Send bytes as they are and return the status and the JSON of the answer."""
        request = (
            f"{verb} {BASE}{path} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: application/json\r\nAuthorization: Bearer {self.key}\r\n{head}\r\n"
        )
        with self.connect_socket() as connection:
            connection.sendall(request.encode("latin-1") + body)
            head, _, body = self.read_all(connection).partition("\r\n\r\n")
        return int(head.split()[1]), json.loads(body), head

    def assertRefused(self, status, code, *args, **kwargs):
        """A1."""
        answered, answer, head = self.talk(*args, **kwargs)
        self.assertEqual((answered, answer["code"]), (status, code), answer)
        self.assertIn("X-Request-Id", head)
        self.assertEqual(self.stored(), {})

    def chunked(self):
        body = json.dumps({"events": [self.event(1)]}).encode()
        return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)

    def test_a_chunked_body_is_refused_and_never_waited_for(self):
        """A1."""
        head = "Transfer-Encoding: chunked\r\n"
        for body in (self.chunked(), b"", b"zz\r\n", b"ffffffff\r\n{", self.chunked()[:20]):
            with self.subTest(body=body):
                self.assertRefused(400, "invalid_transfer_encoding", head, body)

    def test_two_lengths_are_refused(self):
        """A1: where a proxy and a server disagree, requests are smuggled."""
        head = "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"
        self.assertRefused(400, "invalid_transfer_encoding", head, self.chunked())

    def test_a_length_that_is_none_leaves_an_empty_body(self):
        """A1."""
        for length in ("x", "-5", "1e3", "٣".encode().decode("latin-1")):
            with self.subTest(length=length):
                self.assertRefused(400, "missing_field", f"Content-Length: {length}\r\n")

    def test_six_mebibytes_are_refused_with_an_answer(self):
        """A1: the whole answer arrives, though the body is not read."""
        size = 6 * 1024 * 1024
        self.assertRefused(413, "payload_too_large", f"Content-Length: {size}\r\n", b"x" * size)

    def test_a_key_of_any_bytes_is_refused(self):
        """A1, A2."""
        for key in ("\xff\xfe", "fbk_\xe9" * 10, "\x80"):
            answered, answer, head = self.talk(f"Authorization: Bearer {key}\r\n")
            self.assertEqual((answered, answer["code"]), (401, "unauthorized"))
            self.assertIn("WWW-Authenticate: Bearer", head)

    def test_a_request_without_host_is_answered_in_json(self):
        """A1."""
        with self.connect_socket() as connection:
            connection.sendall(f"GET {BASE}/catalog HTTP/1.0\r\n\r\n".encode())
            head, _, body = self.read_all(connection).partition("\r\n\r\n")
        self.assertIn(" 400 ", head.splitlines()[0])
        self.assertEqual(json.loads(body)["code"], "invalid_payload")

    def test_another_database_is_answered_in_json(self):
        """A1."""
        self.assertRefused(503, "unavailable", "X-Odoo-Database: nothing\r\n", path="/catalog")

    def test_a_session_of_a_browser_changes_nothing(self):
        """The API knows keys, not cookies."""
        for cookie in ("x", "a" * 84, "../" * 28):
            answered, answer, head = self.talk(
                f"Cookie: session_id={cookie}\r\n", verb="GET", path="/catalog"
            )
            self.assertEqual((answered, answer["status"]), (200, "ok"))
            self.assertNotIn("Set-Cookie", head)


class TestDatabaseAway(ApiServerCase):
    def test_an_app_is_told_to_come_again(self):
        """A1: no usage is thrown away because the database was restarted."""
        self.assertEqual(self.push([self.event(1)]).status_code, 200)
        self.allow_connections(False)
        try:
            query("postgres", CUT_OFF, (self.database,))
            for _request in range(4):
                response = self.push([self.event(2)])
                self.assertEqual(response.status_code, 503, response.text)
                self.assertEqual(response.json()["code"], "unavailable")
                self.assertEqual(response.headers["Retry-After"], "5")
        finally:
            self.allow_connections(True)
        self.assertEqual(self.push([self.event(2)]).status_code, 200)
        self.assertEqual(len(self.stored()), 2)

    def allow_connections(self, allowed):
        query(
            "postgres",
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                sql.Identifier(self.database), sql.Literal(allowed)
            ),
        )


CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
