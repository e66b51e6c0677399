from odoo import http
from odoo.http import request


class TestNetwork(http.Controller):
    @http.route("/payment/fusion_test/notify", type="http", auth="public", csrf=False)
    def notify(self):
        """What the network says of a charge or refund, whenever it says it."""
        request.env["payment.transaction"].sudo()._process("fusion_test", request.get_json_data())
        return ""
