"""Real HTTPS endpoints on loopback that behave as badly as a test asks for."""

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
import struct
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "hooks.example.com"


class Authority:
    """A certificate authority for one test; its files live in a folder of its own."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test authority")
        self._certificate = self._sign(self._name, self._key, None, 1)
        self.ca_file = self._write("ca.pem", self._certificate)

    def close(self):
        self._folder.cleanup()

    def certificate(self, *names, days=1):
        """Return the path of a new key and certificate for names and addresses.

        :param int days: how long it is valid; negative for one that has expired
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(names[0]), key, names, days)
        return self._write(f"{names[0]}{days}.pem", certificate, key)

    def _sign(self, subject, key, names, days):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=9))
            .not_valid_after(now + datetime.timedelta(days=days))
        )
        for extension, critical in self._extensions(key, names):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())

    def _extensions(self, key, names):
        """What Python 3.13 and newer insist on (RFC 5280)."""
        public = self._key.public_key()
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False
        yield x509.BasicConstraints(ca=names is None, path_length=None), True
        if names is None:
            yield x509.KeyUsage(*[False] * 5, True, *[False] * 3), True  # signs certificates
        else:
            yield x509.SubjectAlternativeName([_alternative(name) for name in names]), False

    def _write(self, name, certificate, key=None):
        path = os.path.join(self._folder.name, name)
        with open(path, "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            if key:
                file.write(
                    key.private_bytes(
                        serialization.Encoding.PEM,
                        serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption(),
                    )
                )
        return path


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Endpoint:
    """A server with a thread for each connection; `with` starts and stops it.

    :param behave: called with the connection and this endpoint once a request was read
    :param str certificate: path of a key and certificate; None for no TLS and no request
        read: `behave` has the bare connection
    """

    def __init__(self, behave, certificate=None, address="127.0.0.1", port=0):
        self._behave = behave
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
            self._context.sni_callback = lambda _tls, name, _context: self.sni.append(name)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), family=family)
        self.port = self._listener.getsockname()[1]
        self.stopping = threading.Event()
        self.connections, self.requests, self.sni, self._threads = 0, [], [], []

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_error):
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection):
        # The client is free to go at any moment: what it does is the client's test.
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            if self._context is None:
                self._behave(connection, self)
                return
            with self._context.wrap_socket(connection, server_side=True) as secure:
                self.requests.append(_read_request(secure))
                self._behave(secure, self)


def _read_request(connection):
    """Return the request line, the headers under names in lower case, and the body."""
    with connection.makefile("rb") as file:
        request_line = file.readline().decode().strip()
        lines = iter(lambda: file.readline().decode().strip(), "")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if "content-length" not in headers:
            raise ConnectionError("the client left before it had asked")
        return request_line, headers, file.read(int(headers["content-length"]))


def answer(status=200, body=b"", *headers):
    """Behave well: one whole answer."""
    head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return send("\r\n".join(head).encode() + body)


def send(data):
    """Send these bytes, then close in order."""

    def behave(connection, _endpoint):
        connection.sendall(data)

    return behave


def send_for_ever(data, piece, pause=0.0):
    """Send the data, then the piece again and again until the endpoint stops."""

    def behave(connection, endpoint):
        connection.sendall(data)
        while not endpoint.stopping.wait(pause):
            connection.sendall(piece)

    return behave


def send_then_reset(data):
    """Send the data, then break the connection without an end of the stream."""

    def behave(connection, endpoint):
        connection.sendall(data)
        endpoint.stopping.wait(0.1)  # a reset also takes back what was not yet read
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def silence(_connection, endpoint):
    """Never answer."""
    endpoint.stopping.wait(30)


def shake_hands_only(certificate, delay=0.0):
    """Speak TLS, but never read a request; for an endpoint without a certificate of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def behave(connection, endpoint):
        endpoint.stopping.wait(delay)
        with context.wrap_socket(connection, server_side=True):
            endpoint.stopping.wait(30)

    return behave


@contextlib.contextmanager
def deaf_listener(address="127.0.0.1", port=0):
    """Yield the port of a listener whose queue is full: the kernel drops whoever comes."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.create_server((address, port), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(4):
            client = opened.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((address, port))
        yield port
