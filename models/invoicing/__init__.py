from . import (
    account_move_line,
    account_move,
    account_move_reversal,
    sale_order_line,
    usage_lines,
    rating,
    documents,
    drafts,
    run,
    actions,
    waiver,
)
