"""The aspects of billing, in the order in which data flows: each stands on those above it."""

from . import (
    base,  # exact numbers, words, company and settings
    catalog,  # what is sold: plans, metrics, charges with their prices, and these in words
    usage,  # what was used: counters, how they combine, how they were corrected
    subscription,  # an order with a plan: its life, what staff do with it, what went wrong
    ledger,  # what usage comes to, and why; which usage thresholds were reached
    invoicing,  # what is billed: the order's lines, invoices, drafts that wait for late usage
    collection,  # who pays how: saved payment methods, and what is charged to them
    dunning,  # who is late: the policy's steps, what was done, pauses for non-payment
    api,  # apps, their keys and customers, and each group of endpoints
    webhook,  # what apps are told: the outbox, its sending, and what makes events
    portal,  # what customers see of all this, and may do themselves
    operations,  # whether the work is done: readiness
    sandbox,  # companies for tests, whose clock apps advance
)
