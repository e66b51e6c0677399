"""`./dev screenshots`: the pictures in the guides and on the store page, of demonstration data."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from typing import NamedTuple

import requests
import websocket

from devtools import browser, store
from devtools.console import DevError, say, spawn, step
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer, free_port
from devtools.paths import ROOT

FOLDER = ROOT / "docs" / "screens"
HEIGHT = 900
PATIENCE = 60  # seconds for a page to show what it is for
SETTLED = 1.5  # seconds for its charts to be drawn


class Screen(NamedTuple):
    """A picture: of what, and what must be there before it is taken.

    :param str path: an external id of ours in braces stands for the record's id
    :param str selector: of an element that shows that the page is ready
    :param str login: user, whose password is the same
    :param str click: selector of an element that is pressed first, none if empty
    """

    path: str
    selector: str
    login: str = "admin"
    click: str = ""
    width: int = 1440


NORTHWIND = "{northwind}"
SUBSCRIPTION = f"/odoo/action-fusion_billing.sale_order_action/{NORTHWIND}"
SCREENS = {
    "dashboard": Screen(
        "/odoo/action-fusion_billing.fusion_billing_dashboard_action", ".o_fusion_dashboard canvas"
    ),
    "subscription": Screen(SUBSCRIPTION, ".o_form_view .o_field_widget[name=fusion_plan_id]"),
    "charge": Screen(
        "/odoo/action-fusion_billing.fusion_billing_charge_action/{charge_scale_api_calls}",
        ".o_form_view canvas",
    ),
    "portal": Screen(f"/my/subscriptions/{NORTHWIND}", "svg", "northwind"),
}


def main(names: list[str]) -> int:
    """Take some pictures, or all.

    :param names: keys of SCREENS
    """
    browser.ensure_program()
    screens = {name: SCREENS[name] for name in names or SCREENS}
    with temporary_database("screens", demo=True) as database:
        take_all(screens, database)
    make_store(screens)
    return 0


def make_store(names) -> None:
    """Make the store page's pictures of those in the guides."""
    for name in names:
        store.copy(FOLDER / f"{name}.png")
    with Chromium() as chromium:
        screen = Screen(store.BANNER.as_uri(), "img.screen", width=store.BANNER_SIZE[0])
        store.draw_banner(chromium.take(screen.path, screen))


def take_all(screens: dict[str, Screen], database: str, folder=FOLDER) -> None:
    """Take pictures of a database that has the demonstration data."""
    folder.mkdir(parents=True, exist_ok=True)
    with OdooServer(database) as server, Chromium() as chromium:
        for name, screen in screens.items():
            with step(f"taking a picture of {name}"):
                chromium.log_in(server.url, database, screen.login)
                picture = chromium.take(server.url + resolve(database, screen.path), screen)
                (folder / f"{name}.png").write_bytes(picture)
    say(f"The pictures are in {folder}")


def resolve(database: str, path: str) -> str:
    """Put ids of records into a path."""
    ids = dict(query(database, IDS))
    return path.format(**ids)


IDS = """
SELECT name, res_id FROM ir_model_data WHERE module = 'fusion_billing'
UNION ALL
SELECT 'northwind', id FROM sale_order WHERE fusion_external_id = 'ws-northwind-logistics'
"""


class Chromium:
    """A browser without a window, told what to do by its own protocol."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            profile = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            self._numbers = itertools.count(1)
            port = free_port()
            process = spawn(
                [
                    next(filter(None, map(shutil.which, browser.PROGRAMS))),
                    "--headless=new",
                    "--no-sandbox",
                    f"--remote-debugging-port={port}",
                    "--remote-allow-origins=*",
                    f"--user-data-dir={profile}",
                    "about:blank",
                ],
                stdout=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            self._socket = stack.enter_context(
                contextlib.closing(websocket.create_connection(self._address(port)))
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_error):
        self._stack.close()

    def _address(self, port: int) -> str:
        """Return where the browser's page listens, once it does."""
        for _try in range(PATIENCE * 5):
            with contextlib.suppress(requests.RequestException):
                for tab in requests.get(f"http://127.0.0.1:{port}/json", timeout=5).json():
                    if tab["type"] == "page":
                        return tab["webSocketDebuggerUrl"]
            time.sleep(0.2)
        raise DevError("the browser did not start")

    def _tell(self, method: str, **parameters):
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                return answer.get("result")

    def log_in(self, url: str, database: str, login: str) -> None:
        """Be a user whose password is their login."""
        session = requests.Session()
        session.post(
            f"{url}/web/session/authenticate",
            json={"params": {"db": database, "login": login, "password": login}},
            timeout=PATIENCE,
        ).raise_for_status()
        value = session.cookies["session_id"]
        self._tell("Network.setCookie", name="session_id", value=value, url=url)

    def prefer(self, scheme: str) -> None:
        """Be the browser of somebody who likes pages `light` or `dark`."""
        wish = {"name": "prefers-color-scheme", "value": scheme}
        self._tell("Emulation.setEmulatedMedia", features=[wish])

    def take(self, url: str, screen: Screen) -> bytes:
        """Return a picture of a page, as PNG."""
        self.open(url, screen)
        return base64.b64decode(self._tell("Page.captureScreenshot")["data"])

    def open(self, url: str, screen: Screen) -> None:
        """Show a page, and press what is to be pressed."""
        self._tell(
            "Emulation.setDeviceMetricsOverride",
            width=screen.width,
            height=HEIGHT,
            deviceScaleFactor=1,
            mobile=screen.width < 500,
        )
        self._tell("Page.navigate", url=url)
        self.wait_for(screen.selector)
        if screen.click:
            self.evaluate(f"document.querySelector({json.dumps(screen.click)}).click()")
        time.sleep(SETTLED)

    def wait_for(self, selector: str) -> None:
        """:raise DevError: the page never showed such an element"""
        found = f"Boolean(document.querySelector({json.dumps(selector)}))"
        for _try in range(PATIENCE * 5):
            if self.evaluate(found):
                return
            time.sleep(0.2)
        raise DevError(f"the page never showed {selector}")

    def evaluate(self, expression: str):
        """Return what an expression of JavaScript comes to on the page, once it is known; None
        while another page is loaded.

        :raise DevError: it fails
        """
        options = {"awaitPromise": True, "returnByValue": True}
        answer = self._tell("Runtime.evaluate", expression=expression, **options) or {}
        if "exceptionDetails" in answer:
            raise DevError(str(answer["exceptionDetails"]))
        return answer.get("result", {}).get("value")
