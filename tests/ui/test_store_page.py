"""What Odoo shows of the addon before somebody installs it: the page of the apps store."""

from odoo.tests import tagged

from ..tour_case import TourCase, own_browser

PAGE = ".o_form_view [name=description_html]"
READY = f"document.querySelectorAll('{PAGE} img').length > 3"
#: Once each picture is there; one that is not found is an error of the console by itself.
SHOWN = f"""
Promise.all([...document.querySelectorAll('{PAGE} img')].map((image) => image.decode())).then(
    () => console.log('test successful'), (error) => console.error(error))
"""


@tagged("-at_install", "post_install")
class TestStorePage(TourCase):
    def test_apps_show_the_page_with_its_pictures(self):
        module = self.env.ref("base.module_fusion_billing")
        for name in ("dashboard", "charge", "subscription", "portal"):
            self.assertIn(
                f'src="/fusion_billing/static/description/{name}.png"', module.description_html
            )
        with own_browser():
            path = f"/odoo/action-base.open_module_tree/{module.id}"
            self.browser_js(path, SHOWN, ready=READY, login="admin")
