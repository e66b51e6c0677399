"""One request to the API, sent again as long as that is right."""

from __future__ import annotations

import os
import threading
import time
import uuid
from typing import Any

import requests
from requests.exceptions import ChunkedEncodingError, ContentDecodingError

from .errors import (
    ApiError,
    NoAnswerError,
    NotReadyError,
    RateLimitError,
    UnavailableError,
    error_of,
)
from .pauses import pause, seconds_of

BASE = "/fusion/api/v1"

#: Refused for now, by the API or by a proxy before it: the same request is welcome again.
_PASSING = (RateLimitError, UnavailableError)
_IN_FLIGHT = "idempotency_in_flight"


class Bearer(requests.auth.AuthBase):
    """The key, in a way that no `.netrc` overrides."""

    def __init__(self, key: str):
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class Transport:
    """Sends requests with one key; threads and forked processes may share it.

    :param url: of the server, or of the API: `https://billing.example`
    :param timeout: seconds for a connection and for each silence of the server, or one for each
    :param attempts: how often a request is sent that meets no server, or a busy one
    :param patience: a `Retry-After` of more seconds than this is not waited for
    """

    def __init__(
        self,
        url: str,
        key: str,
        timeout: float | tuple[float, float] = (5, 60),
        attempts: int = 6,
        patience: float = 120,
        database: str | None = None,
        user_agent: str = "fusion-billing-client",
    ):
        if not url.startswith(("https://", "http://")):
            raise ValueError("url must begin with https:// or http://")
        if attempts < 1:
            raise ValueError("attempts must be at least 1")
        self._base = url.rstrip("/").removesuffix(BASE) + BASE
        self._auth, self._timeout = Bearer(key), timeout
        self._attempts, self._patience = attempts, patience
        self._headers = {"Accept": "application/json", "User-Agent": user_agent}
        if database:
            self._headers["X-Odoo-Database"] = database
        self._local = threading.local()

    def call(
        self,
        verb: str,
        path: str,
        query: dict[str, Any] | None = None,
        payload: Any = None,
        once: bool = False,
        attempts: int | None = None,
    ) -> requests.Response:
        """Send a request until it is answered, or there is no more use in it.

        :param once: whether the request, carried out twice, would do something twice: then an
            `Idempotency-Key` has the server do it once, however often it is sent
        :raise ApiError: the API refused it
        :raise NoAnswerError: nobody answered
        """
        attempts = attempts or self._attempts
        headers = {"Idempotency-Key": str(uuid.uuid4())} if once else {}
        for attempt in range(1, attempts + 1):
            try:
                return self._send(verb, path, query, payload, headers)
            except (ApiError, NoAnswerError) as error:
                if attempt == attempts or not self._is_worth_repeating(error):
                    raise
                time.sleep(pause(attempt, getattr(error, "retry_after", None)))
        raise AssertionError("the last attempt returns or raises")

    def _is_worth_repeating(self, error: ApiError | NoAnswerError) -> bool:
        if isinstance(error, NoAnswerError):
            return True
        passing = isinstance(error, _PASSING) and not isinstance(error, NotReadyError)
        if not passing and error.code != _IN_FLIGHT:
            return False
        return (error.retry_after or 0) <= self._patience

    def _send(
        self,
        verb: str,
        path: str,
        query: dict[str, Any] | None,
        payload: Any,
        headers: dict[str, str],
    ) -> requests.Response:
        try:
            response = self._session().request(
                verb,
                self._base + path,
                params=query,
                json=payload,
                headers={**self._headers, **headers},
                auth=self._auth,
                timeout=self._timeout,
                allow_redirects=False,  # the key is for this server alone
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            raise NoAnswerError(f"No answer to {verb} {path}: {error}") from error
        except (ChunkedEncodingError, ContentDecodingError) as error:
            raise NoAnswerError(f"Half an answer to {verb} {path}: {error}") from error
        if response.status_code not in (200, 201):
            raise self._error(response)
        return response

    def _error(self, response: requests.Response) -> ApiError:
        try:
            answer = response.json()
        except requests.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict) or "code" not in answer:
            answer = {"code": "no_json", "error": f"no answer of the API: {response.text[:200]}"}
        return error_of(
            response.status_code,
            answer,
            response.headers.get("X-Request-Id"),
            seconds_of(response.headers.get("Retry-After")),
        )

    def _session(self) -> requests.Session:
        """A session of this thread in this process: connections are shared with nobody."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.session, self._local.pid = requests.Session(), os.getpid()
        session: requests.Session = self._local.session
        return session
