"""What the property tests of pricing draw: quantities, prices, tiers, charges."""

from decimal import Decimal

from hypothesis import strategies as st

from core.money.pricing import MODELS

quantities = st.decimals(0, 10**6, places=6, allow_nan=False) | st.integers(0, 10**18).map(Decimal)
prices = st.decimals(0, 1000, places=10, allow_nan=False)
rates = st.decimals(0, 100, places=4, allow_nan=False)
batches = st.sampled_from(["1", "3", "7", "10", "100", "1000", "0.5"]).map(Decimal)


@st.composite
def tier_tables(draw, batched=True):
    """1 to 5 valid tiers with everything that a tier may hold."""
    bounds = draw(st.lists(st.integers(1, 10_000), max_size=4, unique=True))
    return [
        {
            "up_to": up_to,
            "unit_amount": draw(prices),
            "flat_amount": draw(st.just(0) | prices),
            "rate": draw(rates),
            "unit_batch": draw(st.none() | batches) if batched else None,
        }
        for up_to in [*sorted(bounds), None]
    ]


def charges(**fixed):
    """All keyword arguments of ``price``; some of them fixed."""
    drawn = {
        "price_per_unit": prices,
        "unit_batch": batches,
        "included_quota": st.just(0) | st.integers(0, 10_000),
        "tiers": tier_tables(),
        "rate": rates,
        "fixed_amount": st.just(0) | prices,
        "minimum": st.none() | st.decimals(0, 50, places=2),
        "maximum": st.none() | st.decimals(50, 10**6, places=2),
        "flat_fee_at_zero": st.booleans(),
    }
    given = {key: st.just(value) for key, value in fixed.items()}
    return st.fixed_dictionaries({**drawn, **given})


models = st.sampled_from(MODELS)
plain = {"included_quota": 0, "minimum": None, "maximum": None}
