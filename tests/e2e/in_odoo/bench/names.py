"""What both sides of a benchmark call things."""

METRIC = "api_calls"


def name_of(number: int) -> str:
    """The external id of a subscription."""
    return f"sub-{number:06}"
