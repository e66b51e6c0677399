"""The page of the network of cards on which a customer pays with a card that is not saved."""

import html
from urllib.parse import parse_qs

from e2e.peers.card_network import CardNetwork, Handler

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Test Network</title></head>
<body><main>
<h1>Pay {amount} {currency}</h1>
<form method="post" action="/pay">{fields}
<label>Card <input name="card" autocomplete="off"></label>
<button>Pay</button>
</form>
</main></body>
</html>
"""
CHARGE = ("reference", "amount", "currency", "card")


class CardCheckout(CardNetwork):
    """A network that has the page, too: `with CardCheckout() as network:`."""

    def __init__(self, delay: float = 0):
        super().__init__(delay)
        self._server.RequestHandlerClass = type("BoundHandler", (Page,), {"network": self})


class Page(Handler):
    def do_POST(self):
        if self.path not in ("/checkout", "/pay"):
            super().do_POST()
            return
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {name: values[0] for name, values in parse_qs(body).items()}
        self.show(asked) if self.path == "/checkout" else self.pay(asked)

    def show(self, asked: dict) -> None:
        """Ask for the card."""
        asked = {name: html.escape(value) for name, value in asked.items()}
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{value}">' for name, value in asked.items()
        )
        content = PAGE.format(fields=fields, **asked).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def pay(self, asked: dict) -> None:
        """Charge the card, tell the shop, and lead the customer back to it."""
        _status, told = self.network.charge({name: asked[name] for name in CHARGE})
        self.network.notify(told)
        self.send_response(303)
        self.send_header("Location", asked["back"])
        self.send_header("Content-Length", "0")
        self.end_headers()
