"""What no client library would send, straight through a socket; and a database that is away."""

import contextlib
import json
import time

import requests
from psycopg2 import sql

from devtools.databases import connect, query
from e2e.api_case import ApiServerCase
from e2e.peers.fusion_client import BASE

setUpModule = ApiServerCase.start

REMEMBERED = 1.1  # seconds, see models/api/access.py
TABLES = (
    "fusion_billing_api_key",
    "fusion_billing_service",
    "ir_model_data",
    "res_company",
    "res_lang",
    "res_partner",
    "res_users",
)


class TestWire(ApiServerCase):
    def talk(self, head, body=b"", verb="POST", path="/usage", host="x"):
        """Send bytes as they are and return the status, the JSON and the head of the answer."""
        request = (
            f"{verb} {path if '/fusion' in path else BASE + path} HTTP/1.1\r\nHost: {host}\r\n"
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

    def test_a_length_that_is_none_is_refused(self):
        """A1: as an empty body it would cancel a subscription on another day than asked for."""
        for length in ("x", "-5", "+5", "1e3", "1_0", "5, 5", "", "٣".encode().decode("latin-1")):
            with self.subTest(length=length):
                head = f"Content-Length: {length}\r\n"
                self.assertRefused(400, "invalid_content_length", head, b'{"date"')
        self.assertRefused(400, "invalid_content_length", f"Content-Length: {'9' * 5000}\r\n")

    def test_a_length_that_is_missing_is_refused(self):
        """A1."""
        self.assertRefused(400, "invalid_content_length", "", b'{"date": "2099-01-01"}')

    def test_a_body_of_no_bytes_is_said_to_have_none(self):
        """A1."""
        self.assertRefused(400, "missing_field", "Content-Length: 0\r\n")

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

    def test_a_request_without_host_is_answered_and_no_alarm(self):
        """A1: HTTP/1.0 knows no hosts."""
        with self.connect_socket() as connection:
            connection.sendall(f"GET {BASE}/catalog HTTP/1.0\r\n\r\n".encode())
            head, _, body = self.read_all(connection).partition("\r\n\r\n")
        self.assertIn(" 401 ", head.splitlines()[0])
        self.assertEqual(json.loads(body)["code"], "unauthorized")
        self.assertQuietLog()

    def test_a_head_that_no_server_can_read_does_nothing_and_the_next_is_answered(self):
        """A1 begins where Odoo's HTTP server can read a head: see `e2e.fuzz.head`."""
        rest = self.request_bytes([self.event(1)]).partition(b"\r\n")[2]
        for line in (
            "POST",
            f"POST {BASE}/usage",
            f"POST {BASE}/usage HTTP/2.0",
            f"POST {BASE}/usage?{'q' * 70_000} HTTP/1.1",
            f"POST {BASE}/usage HTTP/1.1\r\nX: {'v' * 70_000}",
            f"POST {BASE}/usage HTTP/1.1" + "\r\nX: y" * 101,
            f"POST http://[::1{BASE}/usage HTTP/1.1",
        ):
            with self.subTest(line=line[:60]):
                with contextlib.suppress(OSError), self.connect_socket() as connection:
                    connection.sendall(line.encode() + b"\r\n" + rest)
                    self.assertNotIn(" 200 ", self.read_all(connection).partition("\r\n")[0])
                self.wait_until(self.server.answers, "the server does not answer")
        self.assertEqual(self.stored(), {})

    def test_a_host_that_is_none_is_answered_in_json(self):
        """A1."""
        for host in ("[::1", "a" * 300, "\xff", "..", "x y", "", ":", "%", "x:99999999999"):
            with self.subTest(host=host):
                status, answer, _head = self.talk("", verb="GET", path="/catalog", host=host)
                self.assertIn((status, answer.get("code")), ((200, None), (400, "invalid_payload")))

    def test_a_database_that_is_not_there_is_never_worth_another_try(self):
        """A1."""
        for name in ("nothing", "template1", "", "a" * 70, "x y", "\xff", "'"):
            with self.subTest(name=name):
                head = f"X-Odoo-Database: {name}\r\n"
                if name:
                    self.assertRefused(400, "unknown_database", head, verb="GET", path="/catalog")
        _status, answer, _head = self.talk(f"X-Odoo-Database: {self.database}\r\n", path="/catalog")
        self.assertEqual(answer["code"], "method_not_allowed")

    def test_a_path_that_is_nearly_one_of_the_api_is_answered_in_json(self):
        """A1: a base URL with one slash too many, or copied from a page in French."""
        for path in (
            f"/{BASE}/catalog",
            f"//{BASE}/catalog",
            "/fusion//api/v1/catalog",
            "//fusion///api//v1//catalog",
            f"/fr{BASE}/catalog",
            f"/en_US{BASE}/catalog",
            f"/sr@latin{BASE}/catalog",
            f"/fr/{BASE}/catalog",
            f"/xx{BASE}",
            "/%2ffusion/api",
        ):
            for verb in ("GET", "POST", "OPTIONS", "PUT"):
                with self.subTest(verb=verb, path=path):
                    status, answer, head = self.talk(
                        "Cookie: frontend_lang=fr_FR\r\nContent-Length: 0\r\n", b"", verb, path
                    )
                    self.assertIn(status, (200, 404, 405), answer)
                    self.assertIn("X-Request-Id", head)

    def test_a_session_of_a_browser_changes_nothing(self):
        """The API knows keys, not cookies."""
        for cookie in ("x", '"', "a" * 84, "../" * 28):
            answered, answer, head = self.talk(
                f"Cookie: session_id={cookie}\r\n", verb="GET", path="/catalog"
            )
            self.assertEqual((answered, answer["status"]), (200, "ok"))
            self.assertNotIn("Set-Cookie", head)

    def test_a_key_that_somebody_put_into_an_address_is_not_in_the_log(self):
        """A2: in no line of it, those of the web server too."""
        for path in (f"/catalog?key={self.key}", f"/customers/{self.key}", "/catalog"):
            self.talk(f"X-Request-Id: {self.key}\r\n", verb="GET", path=path)
        requests.get(f"{self.server.url}/web/login?login={self.key}", timeout=60)
        with self.server.log.open(errors="replace") as log:
            log.seek(self.log_start)
            written = log.read()
        self.assertGreater(written.count(self.key[:12]), 4)
        self.assertNotIn(self.key[12:], written)


class TestDatabaseAway(ApiServerCase):
    def test_a_connection_that_is_lost_while_a_key_is_checked_is_no_wrong_key(self):
        """A1: the server waits in the middle of it for each table that it may read, and is cut off.

        What it remembers of the database needs no table, so it may answer 200.
        """
        for table in TABLES:
            with self.subTest(table=table), self.locked(table):
                [response, _cut] = self.at_once(
                    lambda: self.send("GET", "/catalog"), self.cut_off_who_waits
                )
                self.assertIn(response.status_code, (200, 503), response.text)
                if response.status_code == 503:
                    self.assertEqual(response.json()["code"], "unavailable")
                    self.assertEqual(response.headers["Retry-After"], "5")
        self.assertEqual(self.send("GET", "/catalog").status_code, 200)

    @contextlib.contextmanager
    def locked(self, table):
        """Let everybody who reads a table wait; no key is remembered any more."""
        time.sleep(REMEMBERED)
        with contextlib.closing(connect(self.database)) as connection:
            connection.autocommit = False
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                yield
            connection.rollback()

    def cut_off_who_waits(self):
        deadline = time.monotonic() + 3
        while not self.waiting() and time.monotonic() < deadline:
            time.sleep(0.05)
        return query("postgres", CUT_OFF_WAITING, (self.database,))

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
CUT_OFF_WAITING = f"{CUT_OFF} AND wait_event_type = 'Lock'"
