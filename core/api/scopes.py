"""What a key may be used for: each endpoint asks for one scope."""

USAGE_WRITE = "usage:write"
READ = "read"
BILLING_WRITE = "billing:write"
WEBHOOKS_WRITE = "webhooks:write"
KEYS_WRITE = "keys:write"
OPERATIONS = "operations"

#: All of them, and the fields of a key that say whether it has them.
FIELDS = {
    scope: f"scope_{scope.replace(':', '_')}"
    for scope in (USAGE_WRITE, READ, BILLING_WRITE, WEBHOOKS_WRITE, KEYS_WRITE, OPERATIONS)
}
