from . import checkout, payment_provider, payment_transaction
