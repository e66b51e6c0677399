"""Data of any shape, with the names under which providers tell of cards here and there."""

from hypothesis import strategies as st

from core.payment.expiry import PAIRS, TEXTS

NAMES = st.sampled_from([*TEXTS, *(name for pair in PAIRS for name in pair)]) | st.text()
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from(["03/2030", "0330", "99/9999", "²/30", "2030-03", "a:1111:03/2030"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(NAMES | SCALARS, inner) | st.tuples(inner),
    max_leaves=30,
)
