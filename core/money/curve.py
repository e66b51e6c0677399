"""What usage costs for growing quantities, as points to draw: every amount is that of
:func:`.pricing.price`.
"""

from decimal import ROUND_CEILING, Context, Decimal, localcontext

from .exact import DECIMALS, EXACT, ZERO
from .pricing import TIERED_MODELS, price

#: Points at even distances, besides those where something begins.
EVEN_POINTS = 60
#: So many started batches are drawn as steps; more are a line to the eye.
STEPS = 40
DOUBLINGS = 13
_ROUGH = Context(prec=2, rounding=ROUND_CEILING)


def curve(model, **terms):
    """Points of what a full billing period costs, and those of them that tell most.

    :param terms: those of :func:`.price`
    :return: ``(points, marks)``: pairs of quantity and amount, in order, both Decimal and exact
    :raise ValueError: the terms make no sense, see :func:`.price`
    """
    with localcontext(EXACT):
        price(model, 0, **terms)  # what makes no sense is refused before it is looked at
        bounds = _bounds(model, terms)
        top = _top(model, terms, bounds)
        even = [top * number / EVEN_POINTS for number in range(EVEN_POINTS + 1)]
        # A step is drawn as one: the cost just before it begins, and just after.
        edges = [
            edge
            for bound in [*bounds, *_batch_bounds(model, terms, top)]
            if bound < top
            for edge in (bound, bound + top / 10_000)
        ]
        quantities = sorted({ZERO, *even, *edges})
        marked = sorted({ZERO, *bounds, top / 2, top})
        return _priced(model, terms, quantities), _priced(model, terms, marked)


def _priced(model, terms, quantities):
    rounded = [round(quantity, DECIMALS).normalize() for quantity in quantities]
    return [(quantity, price(model, quantity, **terms).amount) for quantity in rounded]


def _bounds(model, terms):
    """The quantities at which the quota ends, and each tier but the last."""
    included = Decimal(terms.get("included_quota") or ZERO)
    tiers = terms.get("tiers") or () if model in TIERED_MODELS else ()
    bounds = [included + tier["up_to"] for tier in tiers if tier.get("up_to")]
    return [bound for bound in [included, *bounds] if bound]


def _batch_bounds(model, terms, top):
    """The quantities at which another batch is started, if the eye can tell them."""
    batch, included = (Decimal(terms.get(name) or 0) for name in ("unit_batch", "included_quota"))
    if model != "package" or top - included > STEPS * batch:
        return []
    return [included + batch * number for number in range(int((top - included) / batch) + 1)]


def _top(model, terms, bounds):
    """The last quantity to draw: beyond all bounds, the minimum and the maximum, rounded."""
    least = max(bounds) * 3 / 2 if bounds else Decimal(terms.get("unit_batch") or 1) * 10
    tops = [least * 2**doubling for doubling in range(DOUBLINGS)]
    return _ROUGH.create_decimal(
        next((top for top in tops if _is_beyond(model, terms, top)), least)
    )


def _is_beyond(model, terms, quantity):
    """Whether the minimum does not matter any more, and the maximum does already."""
    lines = price(model, quantity, **terms).breakdown["lines"]
    kinds = {line["kind"] for line in lines}
    return "true_up" not in kinds and (terms.get("maximum") is None or "cap" in kinds)
