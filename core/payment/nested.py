"""Walks through what a payment provider sends: data of any shape, that nobody here has made."""

from itertools import islice

MOST_NODES = 10_000


def mappings(data):
    """Yield the mappings in nested data, the outer ones first; no more than a bounded number.

    It never fails: what is neither a dict nor a list is passed over.
    """
    waiting = [data]
    for node in waiting:  # it grows meanwhile
        if isinstance(node, dict):
            yield node
        room = max(0, MOST_NODES - len(waiting))
        waiting.extend(islice(_inner(node), room))


def _inner(node):
    if isinstance(node, dict):
        node = node.values()
    elif not isinstance(node, (list, tuple)):
        node = ()
    return (value for value in node if isinstance(value, (dict, list, tuple)))
