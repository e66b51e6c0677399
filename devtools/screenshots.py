"""`./dev screenshots`: the pictures in the guides and on the store page, of demonstration data."""

from typing import NamedTuple

from devtools import browser, store
from devtools.console import say, step
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer
from devtools.paths import ROOT

FOLDER = ROOT / "docs" / "screens"
HEIGHT = 900
PATIENCE = 60_000  # milliseconds for a page to show what it is for
SETTLED = 1_500  # milliseconds for its charts to be drawn


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
    with browser.page() as page:
        screen = Screen(store.BANNER.as_uri(), "img.screen", width=store.BANNER_SIZE[0])
        store.draw_banner(take(page, screen.path, screen))


def take_all(screens: dict[str, Screen], database: str, folder=FOLDER) -> None:
    """Take pictures of a database that has the demonstration data."""
    folder.mkdir(parents=True, exist_ok=True)
    with OdooServer(database) as server, browser.page() as page:
        for name, screen in screens.items():
            with step(f"taking a picture of {name}"):
                log_in(page, server.url, database, screen.login)
                picture = take(page, server.url + resolve(database, screen.path), screen)
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


def log_in(page, url: str, database: str, login: str) -> None:
    """Be a user whose password is their login."""
    asked = {"db": database, "login": login, "password": login}
    page.request.post(
        f"{url}/web/session/authenticate", data={"params": asked}, fail_on_status_code=True
    )


def open_screen(page, url: str, screen: Screen) -> None:
    """Show a page, and press what is to be pressed."""
    page.set_viewport_size({"width": screen.width, "height": HEIGHT})
    page.goto(url)
    page.wait_for_selector(screen.selector, timeout=PATIENCE)
    if screen.click:
        page.click(screen.click)
    page.wait_for_timeout(SETTLED)


def take(page, url: str, screen: Screen) -> bytes:
    """Return a picture of a page, as PNG."""
    open_screen(page, url, screen)
    return page.screenshot()
