"""What sends webhooks: attempts, when to try again, signatures, guarded HTTP."""
