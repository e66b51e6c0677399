"""A member of staff at the web client: logs in and presses buttons over JSON-RPC."""

import requests


class Refused(AssertionError):
    """The server shows an error; `name` is its class."""

    def __init__(self, error: dict):
        self.name = error["data"]["name"]
        super().__init__(error["data"]["message"])


class Staff:
    """A session of the administrator."""

    def __init__(self, url: str, database: str):
        self._url, self._session = url, requests.Session()
        self._rpc("/web/session/authenticate", db=database, login="admin", password="admin")

    def press(self, model: str, record_id: int, button: str):
        """Call a button's method as the web client does.

        :raise Refused: the server shows an error
        """
        return self._call("button", model, button, [[record_id]])

    def invoice_now(self, order: int):
        """Press *Invoice Now*, and confirm the documents that it shows."""
        action = self.press("sale.order", order, "action_fusion_invoice_now")
        if action.get("res_model") == "fusion.billing.invoice.wizard":
            action = self.press(action["res_model"], action["res_id"], "action_confirm")
        return action

    def call(self, model: str, method: str, args: list, **kwargs):
        """Call a method as the web client does to read and to save.

        :raise Refused: the server shows an error
        """
        return self._call("kw", model, method, args, **kwargs)

    def _call(self, kind: str, model: str, method: str, args: list, **kwargs):
        path = f"/web/dataset/call_{kind}/{model}/{method}"
        return self._rpc(path, model=model, method=method, args=args, kwargs=kwargs)

    def _rpc(self, path: str, **params):
        payload = {"jsonrpc": "2.0", "method": "call", "params": params}
        answer = self._session.post(self._url + path, json=payload, timeout=120).json()
        if "error" in answer:
            raise Refused(answer["error"])
        return answer.get("result")
