"""axe-core finds nothing serious on any of our pages, and no page of the portal is wider than a
phone: in Chromium, on the demonstration data.

Needs a browser, `node` and `npm`; without them it says so and is skipped.
"""

import json
import sys
import unittest

from devtools import browser, npm
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer
from devtools.screenshots import Screen, log_in, open_screen, resolve

PACKAGE = "axe-core@4.14.1"
PHONE = 390

# What Odoo's web client puts around every view, the same on its own pages. A person who reads with
# their ears meets it everywhere; it is not ours to change.
OF_ODOO = [
    ".o_main_navbar",
    ".o_control_panel",
    ".o-mail-Chatter",
    ".o_form_statusbar",
    ".o_notebook_headers",
    ".o_list_record_selector",
    ".o_optional_columns_dropdown",
    ".o_field_many2many_tags",
    ".o_field_many2many_tax_tags",
    ".o_field_badge",
    ".o_field_cell .o-checkbox",
    ".o_pivot_measure_row",
    ".o_list_activity_cell",
    ".o-mail-ActivityButton",
    ".o_clipboard_button",
    ".o_select_menu",
    ".o_setting_right_pane > .text-muted",
    ".ribbon",
    "header",
    "footer",
]
# What Odoo's fields and templates break by themselves, wherever they stand.
RULES_OF_ODOO = [
    "html-has-lang",
    "aria-required-parent",
    "aria-required-children",
    "aria-dialog-name",
]
AXE = """
axe.run({include: [%(inside)s], exclude: %(outside)s.filter((s) => document.querySelector(s))},
        {resultTypes: ["violations"], rules: %(rules)s})
   .then(({violations}) => violations
      .filter(({impact}) => ["serious", "critical"].includes(impact))
      .flatMap(({id, nodes}) => nodes.map(({target, html, failureSummary}) =>
          [id, target.join(" "), html.slice(0, 200), failureSummary].join(" | "))))
"""
# Lists of other models that are Odoo's own are left to it.
MENUS = """
SELECT name.name, action.res_model, action.view_mode
  FROM ir_model_data AS ours
  JOIN ir_ui_menu AS menu ON menu.id = ours.res_id
  JOIN ir_act_window AS action ON menu.action = 'ir.actions.act_window,' || action.id
  JOIN ir_model_data AS name ON name.model = 'ir.actions.act_window' AND name.res_id = action.id
 WHERE ours.model = 'ir.ui.menu' AND ours.module = 'fusion_billing'
   AND (starts_with(action.res_model, 'fusion.billing.') OR action.res_model IN (
        'sale.order', 'account.move', 'res.config.settings'))
 ORDER BY menu.sequence, name.name
"""
LATEST = {
    "sale.order": "SELECT {northwind}",
    "account.move": "SELECT max(id) FROM account_move WHERE fusion_bill_on IS NOT NULL",
    "res.config.settings": "SELECT NULL",
}
RENDERERS = ".o_list_renderer, .o_kanban_renderer, .o_form_renderer, .o_graph_renderer, .o_pivot"
ORDER = "/odoo/action-fusion_billing.sale_order_action/{northwind}"
PLAN = "/odoo/action-fusion_billing.fusion_billing_plan_action/{plan_scale}"
DIALOGS = [  # the page, and the button that opens it
    (ORDER, "action_fusion_change_plan"),
    (ORDER, "action_fusion_change_items"),
    (ORDER, "action_fusion_pause"),
    (ORDER, "action_fusion_close"),
    (ORDER, "action_fusion_preview_invoice"),
    (PLAN, "action_simulate"),
]
PORTAL = "/my/subscriptions/{northwind}"
REFERENCE = "/fusion/api/v1/docs"
UNFOLD = """
document.querySelectorAll("details").forEach((one) => (one.open = true));
document.querySelector("#op-health form").requestSubmit();
"""
AXE_OF_ALL = """
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations
    .flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) =>
        [id, html.slice(0, 200), failureSummary].join(" | "))))
"""


def setUpModule():
    browser.ensure_program()
    if not (browser.is_installed() and npm.is_there()):
        reason = "there is no browser, or no node and npm: pages are not tried with axe-core"
        print(reason, file=sys.stderr)
        raise unittest.SkipTest(reason)


class TestLongAccessibility(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = npm.ensure_package(PACKAGE) / "node_modules" / "axe-core"
        cls.axe = (folder / "axe.min.js").read_text()
        cls.database = cls.enterClassContext(temporary_database("axe", demo=True))
        cls.server = cls.enterClassContext(OdooServer(cls.database))
        cls.page = cls.enterClassContext(browser.page())

    def log_in(self, login):
        log_in(self.page, self.server.url, self.database, login)

    def open(self, path, selector, click="", width=1440):
        url = self.server.url + resolve(self.database, path)
        open_screen(self.page, url, Screen(path, selector, click=click, width=width))

    def find(self, inside):
        """What axe-core finds inside of an element, each as a line."""
        self.page.evaluate(f"{self.axe};0")
        return self.page.evaluate(
            AXE
            % {
                "inside": json.dumps(inside),
                "outside": json.dumps(OF_ODOO),
                "rules": json.dumps({rule: {"enabled": False} for rule in RULES_OF_ODOO}),
            }
        )

    def assertGood(self, path, selector, inside="body", **options):
        with self.subTest(path=path, **options):
            self.open(path, selector, **options)
            self.page.wait_for_selector(inside)
            found = self.find(inside)
            self.assertEqual(found, [], "\n".join(["", *found]))

    def latest(self, model):
        """The id of a record to look at, if there is one."""
        statement = LATEST.get(model, f"SELECT max(id) FROM {model.replace('.', '_')}")
        [[record_id]] = query(self.database, resolve(self.database, statement))
        return record_id

    def test_lists_and_forms_of_all_menus(self):
        self.log_in("admin")
        menus = query(self.database, MENUS)
        self.assertGreater(len(menus), 12)
        for name, model, modes in menus:
            path = f"/odoo/action-fusion_billing.{name}"
            self.assertGood(path, RENDERERS)
            record_id = "form" in modes and self.latest(model)
            if record_id:
                self.assertGood(f"{path}/{record_id}", ".o_form_renderer")

    def test_the_dashboard(self):
        self.log_in("admin")
        path = "/odoo/action-fusion_billing.fusion_billing_dashboard_action"
        for width in (1440, PHONE):
            self.assertGood(path, ".o_fusion_dashboard canvas", width=width)

    def test_dialogs(self):
        self.log_in("admin")
        for path, button in DIALOGS:
            click = f"button[name={button}]"
            self.assertGood(path, click, ".modal-content", click=click)

    def test_the_reference_of_the_api_in_light_and_in_the_dark(self):
        """All of it is ours: nothing is excepted."""
        for scheme in ("light", "dark"):
            for width in (1440, PHONE):
                with self.subTest(scheme=scheme, width=width):
                    self.page.emulate_media(color_scheme=scheme)
                    self.open(REFERENCE, "[data-ready]", width=width)
                    self.page.evaluate(UNFOLD)
                    self.page.wait_for_selector("#op-health .result pre")
                    self.page.evaluate(f"{self.axe};0")
                    found = self.page.evaluate(AXE_OF_ALL)
                    self.assertEqual(found, [], "\n".join(["", *found]))
                    script = "document.documentElement.scrollWidth - window.innerWidth"
                    self.assertLessEqual(self.page.evaluate(script), 0)

    def test_the_portal_on_a_desk_and_on_a_phone(self):
        self.log_in("northwind")
        [[invoice]] = query(self.database, resolve(self.database, INVOICE))
        for width in (1440, PHONE):
            for path, inside in (
                ("/my/subscriptions", "main"),
                (PORTAL, "main"),
                ("/my/orders/{northwind}", "[name=fusion_offer]"),
                (f"/my/invoices/{invoice}", None),
            ):
                if inside:
                    self.assertGood(path, inside, inside, width=width)
                with self.subTest(path=path, width=width):
                    self.open(path, "main", width=width)
                    script = "document.documentElement.scrollWidth - window.innerWidth"
                    self.assertLessEqual(self.page.evaluate(script), 0)


INVOICE = """
SELECT max(line.move_id)
  FROM account_move_line AS line
  JOIN fusion_billing_rating AS rating ON rating.id = line.fusion_rating_id
 WHERE rating.subscription_id = {northwind} AND line.parent_state = 'posted'
"""
