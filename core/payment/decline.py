"""Tells a refusal for good from one that may be tried again.

A card that is lost, closed or invalid will not be charged tomorrow either, and card networks
fine who keeps asking. The codes are those that Stripe does not try again by itself (its pages on
decline codes and smart retries), and Adyen's refusal reasons of the same meaning (its page on
refusal reasons); each is written as Stripe writes them, whoever says it. What is not listed may be
tried again: a bank that says no to everything says `do_not_honor`, also where money was short.
"""

import re

from .nested import mappings

HARD = frozenset(
    {
        # the card is gone, or was never one
        "lost_card",
        "stolen_card",
        "pickup_card",
        "blocked_card",
        "expired_card",
        "restricted_card",
        "invalid_account",
        "closed_account",
        "incorrect_number",
        "invalid_number",
        "invalid_card_number",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "no_checking_account_available_on_card",
        "no_savings_account_available_on_card",
        # the customer, or their bank, does not want it
        "revocation_of_auth",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "stop_payment_order",
        "do_not_try_again",
        "transaction_not_allowed",
        "transaction_not_permitted",
        "card_not_supported",
        "security_violation",
        # somebody else may be using it
        "fraudulent",
        "fraud",
        "fraud_cancelled",
        "acquirer_fraud",
        "issuer_suspected_fraud",
        "highest_risk_level",
        # nobody is there to answer
        "authentication_required",
        # sentences that stand for a code where a provider's addon keeps nothing else
        "card_has_expired",
        "card_number_is_incorrect",
    }
)
# Where providers say why: Stripe's errors and charges, Adyen's answers and notifications.
REASONS = ("decline_code", "code", "failure_code", "refusalReason", "reason", "network_advice_code")
# Longer ones are no reason, but somebody's text.
MOST = 100


def is_hard_decline(text):
    """Say whether what a provider said is a refusal for good.

    :param text: any words, with a code among them or as one: `Blocked Card`, `lost_card`
    """
    if not isinstance(text, str):
        return False
    words = f"_{_plain(text)}_"
    return any(f"_{code}_" in words for code in HARD)


def find_reason(data):
    """Return what a provider's data says of why a charge was refused, as far as it says it.

    :param data: what the provider sent, of any shape
    :return: its codes, separated by commas; an empty text if it names none
    """
    found = (mapping.get(name) for mapping in mappings(data) for name in REASONS)
    texts = (text for text in found if isinstance(text, str) and len(text) <= MOST)
    shown = ("".join(filter(str.isprintable, text)).strip() for text in texts)
    return ", ".join(dict.fromkeys(filter(_plain, shown)))[: 3 * MOST]


def _plain(text):
    """Return a text in lower case, with one `_` for all that is no letter."""
    return re.sub("[^a-z]+", "_", text.lower()).strip("_")
