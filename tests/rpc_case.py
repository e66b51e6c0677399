"""Models as programs outside reach them: over real HTTP, by each of Odoo's ways in."""

import json
import xmlrpc.client
from contextlib import contextmanager
from typing import Any, NamedTuple

from odoo.http import root
from odoo.tests import HttpCase, get_db_name
from odoo.tools import mute_logger

TRANSPORTS = ("session", "json2", "xmlrpc")
REFUSED = "AccessError"  # whoever asks may not
UNKNOWN = "AccessDenied"  # nobody knows who asks
WRONG = "UserError"  # what is asked cannot be done, and a sentence says why
FAULTS = {2: WRONG, 3: UNKNOWN, 4: REFUSED}
ERRORS = {
    "odoo.exceptions.AccessError": REFUSED,
    "odoo.exceptions.AccessDenied": UNKNOWN,
    "odoo.http.SessionExpiredException": UNKNOWN,
    "werkzeug.exceptions.Unauthorized": UNKNOWN,
}


class Answer(NamedTuple):
    value: Any = None
    error: str = ""  # one of those above, or what crashed
    text: str = ""


class RpcCase(HttpCase):
    """Calls of methods as a user: with a session, or with a key for `/json/2` and XML-RPC."""

    def setUp(self):
        super().setUp()
        self._sessions, self._keys = {}, {}

    def log_in(self, users):
        """Let these users have sessions and keys: before something is tried that is forgotten."""
        for user in users:
            self.log_in_with_key(user)
            self.session = None  # the sessions of others live on
            self._sessions[user] = self.authenticate(user.login, None).sid
            self.addCleanup(root.session_store.delete, self.session)

    def log_in_with_key(self, user):
        # sudo: for people who may make no keys.
        keys = self.env["res.users.apikeys"].with_user(user).sudo()
        self._keys[user] = keys._generate(None, "of a test", False)

    @mute_logger(
        "odoo.http",
        "odoo.addons.rpc.controllers.xmlrpc",
        "odoo.addons.base.models.ir_rule",
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.res_users",
        "odoo.models",
        "odoo.orm.models",
        "odoo.sql_db",
    )
    def rpc(self, transport, user, model, method, ids=None, **arguments):
        """Call a method as a user and return the `Answer`.

        :param user: one who is logged in; nobody in particular, if empty
        :param ids: of the records; None for a method of the model
        """
        arguments = json.loads(json.dumps(arguments))  # as they are on the wire
        answer = getattr(self, f"_by_{transport}")(user, model, method, ids, arguments)
        self.env.invalidate_all()
        return answer

    @contextmanager
    def forgotten(self):
        """Nothing stays of what is done in this block, requests included."""
        with self.env.cr.savepoint() as savepoint:
            yield
            savepoint.rollback()
        self.env.invalidate_all()

    # === TRANSPORTS === #

    def _by_session(self, user, model, method, ids, arguments):
        args = _positional(method, ids, arguments)
        self._set_session(self._sessions[user] if user else "")
        response = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            json=self.build_rpc_payload(
                {"model": model, "method": method, "args": args, "kwargs": arguments}
            ),
        ).json()
        if "error" not in response:
            return Answer(response.get("result"))
        return _failed(response["error"]["data"])

    def _by_json2(self, user, model, method, ids, arguments):
        self._set_session("")
        body = arguments if ids is None else {"ids": ids, **arguments}
        response = self.url_open(f"/json/2/{model}/{method}", json=body, headers=self._bearer(user))
        answer = response.json()
        return Answer(answer) if response.ok else _failed(answer)

    def _by_xmlrpc(self, user, model, method, ids, arguments):
        args = _positional(method, ids, arguments)
        uid = (user or self.env.ref("base.public_user")).id
        login = get_db_name(), uid, self._keys[user] if user else "public"
        try:
            return Answer(self.xmlrpc_object.execute_kw(*login, model, method, args, arguments))
        except xmlrpc.client.Fault as fault:
            text = fault.faultString
            if "cannot marshal None" in text:  # it was done: XML-RPC has no word for nothing
                return Answer()
            return Answer(None, FAULTS.get(fault.faultCode, text.strip()[-200:]), text)

    # === WHO ASKS === #

    def _set_session(self, session_id):
        self.opener.cookies.clear()
        self.opener.cookies["session_id"] = session_id

    def _bearer(self, user):
        return {"Authorization": f"Bearer {self._keys[user]}"} if user else {}


def _positional(method, ids, arguments):
    """The arguments that Odoo takes by position alone: taken out of the others."""
    if method == "create":
        return [arguments.pop("vals_list")]
    return [] if ids is None else [ids]


def _failed(error):
    name = error["name"]
    if name.startswith("odoo.exceptions."):
        return Answer(None, ERRORS.get(name, WRONG), error["message"])
    return Answer(None, ERRORS.get(name, f"{name}: {error['message']}"), error["message"])
