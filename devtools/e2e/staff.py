"""A member of staff at the web client: logs in and presses buttons over JSON-RPC."""

import requests


class Staff:
    """A session of the administrator."""

    def __init__(self, url: str, database: str):
        self._url, self._session = url, requests.Session()
        self._rpc("/web/session/authenticate", db=database, login="admin", password="admin")

    def press(self, model: str, record_id: int, button: str):
        """Call a button's method as the web client does.

        :raise AssertionError: the server shows an error
        """
        return self._rpc(
            f"/web/dataset/call_button/{model}/{button}",
            model=model,
            method=button,
            args=[[record_id]],
            kwargs={},
        )

    def _rpc(self, path: str, **params):
        payload = {"jsonrpc": "2.0", "method": "call", "params": params}
        answer = self._session.post(self._url + path, json=payload, timeout=120).json()
        if "error" in answer:
            raise AssertionError(answer["error"]["data"]["message"])
        return answer.get("result")
