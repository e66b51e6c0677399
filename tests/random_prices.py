"""Random terms of a charge, for the slow model and as values of the addon's records."""

from fractions import Fraction

from .billing_model import Terms, Tier

MODELS = (
    "standard",
    "package",
    "graduated",
    "volume",
    "stairstep",
    "percentage",
    "graduated_percentage",
)
# Multiples of 3 and batches of 3 and 7: quotients without end that meet ties of half a cent.
PRICES = ("0", "0.000125", "0.015", "0.067", "0.3", "1", "12.34")
QUOTAS = ("0", "0", "5", "12.5", "100", "33.333333")


def random_terms(rng):
    charge_model = rng.choice(MODELS)
    bounds = rng.choice((("0", "0"), ("0", "0"), ("10", "0"), ("0", "250"), ("3.005", "80")))
    return Terms(
        charge_model,
        quota=_pick(rng, QUOTAS),
        price=_pick(rng, PRICES),
        batch=_pick(rng, ("1", "3", "7", "0.5", "1000")),
        rate=_pick(rng, ("0", "2.9", "0.015")),
        fixed=_pick(rng, ("0", "0.3", "5")),
        minimum=Fraction(bounds[0]),
        maximum=Fraction(bounds[1]),
        flat_at_zero=rng.random() < 0.3,
        tiers=_random_tiers(rng)
        if charge_model not in ("standard", "package", "percentage")
        else [],
    )


def _random_tiers(rng):
    bounds = sorted(rng.sample(("1", "10", "12.5", "100", "5000"), rng.randrange(4)), key=float)
    return [
        Tier(
            up_to=bound and Fraction(bound),
            unit=_pick(rng, PRICES),
            flat=_pick(rng, ("0", "0", "2", "7.5")),
            rate=_pick(rng, ("0", "1.5", "2.9")),
            batch=rng.choice((None, None, Fraction(3), Fraction(10))),
        )
        for bound in (*bounds, None)
    ]


def _pick(rng, texts):
    return Fraction(rng.choice(texts))


def version_values(terms):
    """Return the values of a `fusion.billing.charge.version` with these terms."""
    values = {
        "charge_model": terms.model,
        "included_quota": _text(terms.quota),
        "price_per_unit": _text(terms.price),
        "unit_batch": _text(terms.batch),
        "rate": _text(terms.rate),
        "fixed_amount": _text(terms.fixed),
        "minimum_amount": _text(terms.minimum),
        "maximum_amount": _text(terms.maximum),
        "flat_fee_at_zero": terms.flat_at_zero,
    }
    if terms.tiers:
        values["tier_ids"] = [
            (
                0,
                0,
                {
                    "up_to": _text(tier.up_to or 0),
                    "unit_amount": _text(tier.unit),
                    "flat_amount": _text(tier.flat),
                    "rate": _text(tier.rate),
                    "unit_batch": _text(tier.batch or 0),
                },
            )
            for tier in terms.tiers
        ]
    return values


def _text(fraction):
    # Six decimals hold all the numbers above.
    return f"{fraction.numerator * 10**6 // fraction.denominator / 10**6:.6f}"
