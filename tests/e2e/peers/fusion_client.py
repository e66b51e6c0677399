"""A client of the billing API for tests of the server: small, and not that of `clients/`."""

import time

import requests

BASE = "/fusion/api/v1"
PASSING = (429, 503)  # refused for now: the same request is welcome again


class Refused(Exception):
    """The API refused a request for good.

    :param int status: of HTTP
    :param dict answer: the API's own explanation
    """

    def __init__(self, status: int, answer: dict):
        self.status, self.answer = status, answer
        super().__init__(f"{status} {answer.get('code')}: {answer.get('error')}")


class FusionClient:
    """Calls the API with one service's key.

    :param int attempts: how often a request is sent that meets no server, or a busy one
    """

    def __init__(self, url: str, key: str, attempts: int = 6, timeout: float = 60):
        self._url, self._attempts, self._timeout = url.rstrip("/") + BASE, attempts, timeout
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **query) -> dict:
        return self._call("GET", path, params=query)

    def post(self, path: str, payload: dict) -> dict:
        """Send an object; it is safe to send again what may have arrived.

        :raise Refused: the API says that the request is wrong
        :raise requests.RequestException: no answer in all attempts
        """
        return self._call("POST", path, json=payload)

    def _call(self, verb: str, path: str, **content) -> dict:
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                response = self._send(verb, path, **content)
            except requests.RequestException:
                if last:
                    raise
            else:
                if last or response.status_code not in PASSING:
                    return self._read(response)
            time.sleep(0.1 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, verb: str, path: str, **content) -> requests.Response:
        return requests.request(
            verb, self._url + path, headers=self._headers, timeout=self._timeout, **content
        )

    def _read(self, response: requests.Response) -> dict:
        try:
            answer = response.json()
        except requests.JSONDecodeError:
            answer = {"code": "no_json", "error": response.text[:200]}
        if not response.ok:
            raise Refused(response.status_code, answer)
        return answer
