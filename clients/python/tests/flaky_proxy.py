"""A proxy that loses requests and answers, and delivers some long after nobody waits any more."""

import contextlib
import random
import socket
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

FAULTS = ("pass", "refuse", "lose_request", "lose_answer", "half_answer", "late")
WEIGHTS = (6, 1, 1, 2, 1, 2)


class FlakyProxy:
    """`with FlakyProxy(url, seed) as proxy: Client(proxy.url, …)`: each connection has its fate."""

    def __init__(self, url, seed):
        target = urlsplit(url)
        self._target = (target.hostname, target.port)
        self._drawn, self._lock = random.Random(seed), threading.Lock()
        self.fates, self._late = Counter(), []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def rest(self):
        """Wait until what is late has been delivered."""
        for thread in self._late:
            thread.join(30)

    def _listen(self):
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self._lock:
            [fate] = self._drawn.choices(FAULTS, WEIGHTS)
            requests, pause = self._drawn.randrange(1, 5), self._drawn.uniform(0.1, 1.5)
            self.fates[fate] += 1
        with contextlib.suppress(OSError), client:
            client.settimeout(30)
            if fate == "pass":
                for _request in range(requests):
                    client.sendall(self._forward(read_message(client)))
            elif fate != "refuse":
                self._fail(fate, client, read_message(client), pause)

    def _fail(self, fate, client, request, pause):
        if fate == "late" and request:
            late = threading.Thread(target=self._deliver, args=(request, pause), daemon=True)
            self._late.append(late)
            late.start()
        elif fate in ("lose_answer", "half_answer"):
            answer = self._forward(request)
            if fate == "half_answer":
                client.sendall(answer[: len(answer) - 10])

    def _deliver(self, request, pause):
        time.sleep(pause)
        with contextlib.suppress(OSError):
            self._forward(request)

    def _forward(self, request):
        if not request:
            raise ConnectionError("nobody asks")
        with socket.create_connection(self._target, 10) as server:
            server.settimeout(30)
            server.sendall(request)
            return read_message(server)


def read_message(connection):
    """A request or an answer with its body; nothing if it is not whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _blank, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body
