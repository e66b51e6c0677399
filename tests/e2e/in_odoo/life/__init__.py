"""A random life: staff and apps act at random on many subscriptions for months, interleaved.

`world.live` runs it inside Odoo; `e2e.audit` recounts afterwards what it left behind.
"""

#: Defects that a life can be given, see `defects`.
NAMES = (
    "quota_begins_anew",
    "levels_in_full",
    "newest_prices",
    "archived_is_forgotten",
    "pauses_are_owed",
    "zone_of_now",
    "cents_are_cut",
    "rate_of_the_run",
    "fees_of_the_old_plan_go_on",
    "late_usage_is_lost",
    "rows_stay",
    "corrections_are_ignored",
    "cancelled_settles",
    "credited_twice",
    "credit_notes_are_billed_again",
    "replacement_settles_nothing",
    "waivers_are_billed",
    "one_offs_ride_again",
    "late_rows_wait_for_ever",
)
