"""Comparing the examples of a guide with what really happens."""


def masked(value, varying):
    """Return an example without what varies: only whether it is there.

    :param set varying: names of what is another one in each database or at each moment
    """
    if isinstance(value, list):
        return [masked(member, varying) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: f"some {name}" if name in varying and member is not None else masked(member, varying)
        for name, member in value.items()
    }
