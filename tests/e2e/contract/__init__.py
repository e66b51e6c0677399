"""The API held against its own description by a stranger, schemathesis."""
