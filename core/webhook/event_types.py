"""What events there are."""

EVENT_TYPES = (
    "customer.linked",
    "subscription.created",
    "subscription.updated",
    "subscription.paused",
    "subscription.resumed",
    "subscription.cancelled",
    "usage.threshold_reached",
    "invoice.created",
    "invoice.posted",
    "invoice.paid",
    "invoice.overdue",
    "invoice.cancelled",
    "reconciliation.mismatch",
    "endpoint.test",
)
