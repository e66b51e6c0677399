"""What `./dev bench` measures inside Odoo's own process."""
