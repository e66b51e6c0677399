"""Who may do what: one table of all models, of our fields on others, of all buttons.

A new model, field or method is missing here, and a test says so.
"""

ROLES = ("public", "portal", "seller", "invoicing", "clerk", "manager", "admin", "api")
# The groups of each role that can ask; a clerk is a billing user, a manager a billing manager.
GROUPS = {
    "portal": "base.group_portal",
    "seller": "base.group_user,sales_team.group_sale_salesman_all_leads",
    "invoicing": "base.group_user,account.group_account_invoice",
    "clerk": "base.group_user,fusion_billing.group_user",
    "manager": "base.group_user,fusion_billing.group_manager",
    "admin": "base.group_user,base.group_system",
}
# Those of whom a billing role is a part.
INCLUDED = {"clerk": {"clerk", "manager"}, "manager": {"manager"}}

# Read, write, create, delete.
RIGHTS = """
model                                 public portal seller invoicing clerk manager admin api
fusion.billing.service                -      -      -      -         r     rwcd    -     r
fusion.billing.api.key                -      -      -      -         -     rw      -     -
fusion.billing.webhook.secret         -      -      -      -         -     rw      -     -
fusion.billing.account.link           -      -      -      -         rwcd  rwcd    -     r
fusion.billing.time.zone              -      -      -      -         r     r       -     -
fusion.billing.metric                 -      -      -      -         r     rwcd    -     r
fusion.billing.plan                   -      -      -      -         r     rwcd    -     r
fusion.billing.plan.fee               -      -      -      -         r     rwcd    -     r
fusion.billing.charge                 -      -      -      -         r     rwcd    -     r
fusion.billing.charge.version         -      -      -      -         r     rwcd    -     r
fusion.billing.charge.tier            -      -      -      -         r     rwcd    -     r
fusion.billing.charge.filter          -      -      -      -         r     rwcd    -     r
fusion.billing.phase                  -      -      -      -         r     r       -     r
fusion.billing.item                   -      -      -      -         r     r       -     r
fusion.billing.usage                  -      -      -      -         rwc   rwcd    -     r
fusion.billing.usage.correction       -      -      -      -         r     r       -     -
fusion.billing.rating                 -      -      -      -         r     r       -     r
fusion.billing.rating.request         -      -      -      -         -     r       -     -
fusion.billing.revenue.movement       -      -      -      -         r     r       -     -
fusion.billing.threshold              -      -      -      -         rwcd  rwcd    -     -
fusion.billing.threshold.crossing     -      -      -      -         r     r       -     -
fusion.billing.collection.attempt     -      -      -      -         r     r       -     -
fusion.billing.expiry.notice          -      -      -      -         r     r       -     -
fusion.billing.dunning.policy         -      -      -      -         r     rwcd    -     -
fusion.billing.dunning.step           -      -      -      -         r     rwcd    -     -
fusion.billing.dunning.case           -      -      -      -         r     r       -     -
fusion.billing.dunning.taken          -      -      -      -         r     r       -     -
fusion.billing.webhook.delivery       -      -      -      -         r     rd      -     r
fusion.billing.webhook.attempt        -      -      -      -         r     r       -     -
fusion.billing.run                    -      -      -      -         r     r       -     -
fusion.billing.reconciliation         -      -      -      -         rw    rwd     -     r
fusion.billing.reconciliation.row     -      -      -      -         rw    rw      -     r
fusion.billing.reconciliation.wizard  -      -      -      -         rwc   rwc     -     -
fusion.billing.quota                  -      -      -      -         -     -       -     -
fusion.billing.kept.answer            -      -      -      -         -     -       -     -
fusion.billing.rejection              -      -      -      -         r     r       -     -
fusion.billing.traffic                -      -      -      -         -     -       -     -
fusion.billing.api.key.wizard         -      -      -      -         -     rwc     -     -
fusion.billing.api.key.show           -      -      -      -         -     rc      -     -
fusion.billing.webhook.secret.wizard  -      -      -      -         -     rwc     -     -
fusion.billing.webhook.secret.show    -      -      -      -         -     rc      -     -
fusion.billing.webhook.replay.wizard  -      -      -      -         -     rwc     -     -
fusion.billing.sandbox.clock.wizard   -      -      -      -         -     rwc     -     -
fusion.billing.change.plan.wizard     -      -      -      -         rwc   rwc     -     -
fusion.billing.close.wizard           -      -      -      -         rwc   rwc     -     -
fusion.billing.pause.wizard           -      -      -      -         rwc   rwc     -     -
fusion.billing.reopen.wizard          -      -      -      -         rwc   rwc     -     -
fusion.billing.invoice.wizard         -      -      -      -         rwc   rwc     -     -
fusion.billing.item.wizard            -      -      -      -         rwc   rwc     -     -
fusion.billing.key.search             -      -      -      -         rwc   rwc     -     -
fusion.billing.waive.wizard           -      -      -      -         rwc   rwc     -     -
fusion.billing.estimate.wizard        -      -      -      -         rwc   rwc     -     -
fusion.billing.estimate.wizard.line   -      -      -      -         rwc   rwc     -     -
fusion.billing.simulation             -      -      -      -         -     rwc     -     -
fusion.billing.simulation.price       -      -      -      -         -     rwcd    -     -
fusion.billing.simulation.row         -      -      -      -         -     rc      -     -
"""

# Our fields on shared models: who may read them, and hand them over in a write. What becomes of
# what they write is in test_walls_rights.
SHARED = """
field                             public portal seller invoicing clerk manager admin api
account.move
fusion_attempt_count              -      -      -      -         r     r       -     -
fusion_attempt_ids                -      -      -      -         rw    rw      -     -
fusion_can_charge                 -      -      -      -         r     r       -     -
fusion_collection_problem         -      -      -      -         r     r       -     -
fusion_refund_note                -      -      -      -         r     r       -     -
fusion_before                     -      -      -      -         r     r       -     -
fusion_bill_on                    -      r      r      rw        rw    rw      -     -
fusion_can_waive                  -      r      r      r         r     r       -     -
fusion_change                     -      -      -      -         r     r       -     -
fusion_included                   -      r      r      rw        rw    rw      -     -
fusion_is_disputed                -      -      -      -         rw    rw      -     -
fusion_is_waived                  -      r      r      r         r     r       -     -
fusion_moved                      -      -      -      -         r     r       -     -
fusion_movements                  -      -      -      -         r     r       -     -
fusion_now                        -      -      -      -         r     r       -     -
fusion_post_error                 -      -      -      -         rw    rw      -     -
fusion_overdue_sent_on            -      r      r      rw        rw    rw      -     -
fusion_missing_sent_on            -      r      r      rw        rw    rw      -     -
fusion_post_at                    -      r      r      rw        rw    rw      -     -
fusion_send_at                    -      -      -      rw        rw    rw      -     -
fusion_send_attempts              -      -      -      rw        rw    rw      -     -
fusion_send_error                 -      -      -      rw        rw    rw      -     -
account.move.line
fusion_conceded                   -      r      r      rw        rw    rw      -     -
fusion_price_factor               -      r      r      rw        rw    rw      -     -
fusion_quantity                   -      r      r      rw        rw    rw      -     -
fusion_rating_id                  -      r      r      rw        rw    rw      -     -
fusion_settled                    -      r      r      rw        rw    rw      -     -
fusion_waived                     -      r      r      rw        rw    rw      -     -
payment.token
fusion_expires_on                 r      r      r      r         r     r       rw    -
payment.transaction
fusion_subscription_id            -      -      -      -         rw    rw      -     -
product.template
fusion_recurring                  -      -      r      r         r     rw      rw    -
res.company
fusion_collect_days               r      r      r      r         r     r       rw    -
fusion_collect_when               r      r      r      r         r     r       rw    -
fusion_dunning_policy_id          r      r      r      r         r     r       rw    -
fusion_refunds                    r      r      r      r         r     r       rw    -
fusion_refunds_from               r      r      r      r         r     r       rw    -
fusion_billing_tz                 r      r      r      r         r     r       rw    -
fusion_clock                      -      -      -      -         r     r       -     -
fusion_sandbox_of_id              -      -      -      -         -     r       -     -
fusion_time_zone_ids              -      -      -      -         r     r       -     -
fusion_usage_retention_months     r      r      r      r         r     r       rw    -
res.config.settings
fusion_collect_days               -      -      -      -         -     -       rw    -
fusion_collect_when               -      -      -      -         -     -       rw    -
fusion_dunning_policy_id          -      -      -      -         -     -       rw    -
fusion_refunds                    -      -      -      -         -     -       rw    -
fusion_refunds_from               -      -      -      -         -     -       rw    -
fusion_billing_tz                 -      -      -      -         -     -       rw    -
fusion_usage_retention_months     -      -      -      -         -     -       rw    -
fusion_webhook_allowed_ports      -      -      -      -         -     -       rw    -
fusion_webhook_development_hosts  -      -      -      -         -     -       rw    -
fusion_webhook_retention_days     -      -      -      -         -     -       rw    -
res.partner
fusion_account_link_ids           -      -      -      -         r     rw      -     r
fusion_case_ids                   -      -      -      -         r     rw      -     r
fusion_collects                   -      -      -      -         r     rw      -     r
fusion_dunning_exempt             -      -      -      -         r     rw      -     r
fusion_dunning_policy_id          -      -      -      -         r     rw      -     r
fusion_dunning_state              -      -      -      -         r     r       -     r
fusion_open_case_id               -      -      -      -         r     r       -     r
fusion_promised_until             -      -      -      -         r     rw      -     r
fusion_due_amount                 -      -      -      -         r     r       -     -
fusion_is_managed                 -      -      -      -         r     rw      -     r
fusion_one_document               r      r      r      r         r     rw      rw    r
fusion_subscription_count         -      -      -      -         r     r       -     -
fusion_token_id                   -      -      -      -         r     rw      -     r
sale.order
fusion_anchor_date                -      r      rw     rw        rw    rw      -     r
fusion_case_id                    -      -      -      -         r     r       -     r
fusion_dunning_state              -      -      -      -         r     r       -     r
fusion_delivery_ids               -      -      -      -         rw    rw      -     -
fusion_due_amount                 -      -      -      -         r     r       -     r
fusion_end_date                   -      r      rw     rw        rw    rw      -     r
fusion_error                      -      -      rw     rw        rw    rw      -     r
fusion_error_step                 -      -      rw     rw        rw    rw      -     r
fusion_external_id                -      r      rw     rw        rw    rw      -     r
fusion_in_part                    -      r      r      r         r     r       -     r
fusion_company_currency_id        -      r      r      r         r     r       -     r
fusion_is_due                     -      r      r      r         r     r       -     r
fusion_is_unreachable             -      -      -      -         r     r       -     -
fusion_is_unknown                 -      -      -      -         r     r       -     -
fusion_item_ids                   -      -      -      -         rw    rw      -     r
fusion_last_day                   -      -      -      -         r     r       -     -
fusion_owed_amount                -      -      -      -         r     r       -     -
fusion_period_page                -      -      -      -         r     r       -     -
fusion_settled_amount             -      -      -      -         r     r       -     -
fusion_unpaid_amount              -      -      -      -         r     r       -     -
fusion_waived_amount              -      -      -      -         r     r       -     -
fusion_lacks_token                -      -      -      -         r     r       -     r
fusion_last_invoice_date          -      r      rw     rw        rw    rw      -     r
fusion_monthly_amount             -      -      -      -         r     r       -     -
fusion_next_invoice_date          -      r      rw     rw        rw    rw      -     r
fusion_offer                      -      r      r      r         r     r       -     r
fusion_phase_ids                  -      -      -      -         rw    rw      -     r
fusion_plan_id                    -      r      rw     rw        rw    rw      -     r
fusion_planned                    -      -      -      -         r     r       -     -
fusion_rating_count               -      -      -      -         r     r       -     r
fusion_rating_ids                 -      -      -      -         rw    rw      -     r
fusion_recurring_amount           -      r      r      r         r     r       -     r
fusion_service_id                 -      r      rw     rw        rw    rw      -     r
fusion_start_date                 -      r      rw     rw        rw    rw      -     r
fusion_state                      -      r      rw     rw        rw    rw      -     r
fusion_usage_kept_from            -      -      -      -         rw    rw      -     r
fusion_threshold_ids              -      -      -      -         rw    rw      -     -
fusion_token_id                   -      -      -      -         rw    rw      -     r
fusion_usage_count                -      -      -      -         r     r       -     -
fusion_usage_ids                  -      -      -      -         rw    rw      -     r
fusion_usage_to_bill              -      r      r      r         r     r       -     r
sale.order.line
fusion_charge_id                  -      r      rw     rw        rw    rw      -     -
fusion_in_part                    -      r      rw     rw        rw    rw      -     -
fusion_item_ids                   -      -      -      -         rw    rw      -     -
fusion_open_amount                -      r      rw     rw        rw    rw      -     -
fusion_plan_fee_id                -      r      rw     rw        rw    rw      -     -
fusion_recurring                  -      r      rw     rw        rw    rw      -     -
"""

# Which role may call it; whoever may not is refused, whatever the record.
METHODS = """
method                                                        role
account.move.action_fusion_approve                            clerk
account.move.action_fusion_charge_now                         manager
account.move.action_fusion_dispute                            clerk
account.move.action_fusion_settle_dispute                     clerk
account.move.action_fusion_take_back_waiver                   clerk
account.move.action_fusion_waive                              clerk
account.move.action_view_fusion_attempts                      clerk
fusion.billing.api.key.wizard.action_generate                 manager
fusion.billing.change.plan.wizard.action_change_plan          clerk
fusion.billing.change.plan.wizard.action_preview              clerk
fusion.billing.close.wizard.action_close                      clerk
fusion.billing.close.wizard.action_preview                    clerk
fusion.billing.collection.attempt.action_was_charged          clerk
fusion.billing.collection.attempt.action_was_not_charged      clerk
fusion.billing.dashboard.read_dashboard                       clerk
fusion.billing.dunning.case.render_mail_invoices              clerk
fusion.billing.estimate.wizard.action_estimate                clerk
fusion.billing.invoice.wizard.action_confirm                  clerk
fusion.billing.item.action_change                             clerk
fusion.billing.item.wizard.action_confirm                     clerk
fusion.billing.pause.wizard.action_pause                      clerk
fusion.billing.pause.wizard.action_preview                    clerk
fusion.billing.phase.action_take_back                         clerk
fusion.billing.plan.action_simulate                           manager
fusion.billing.plan.action_view_subscriptions                 clerk
fusion.billing.rating.action_fusion_take_back_waiver          clerk
fusion.billing.rating.action_fusion_waive                     clerk
fusion.billing.rating.action_view_usage                       clerk
fusion.billing.reconciliation.action_compare                  clerk
fusion.billing.reconciliation.action_view_rows                clerk
fusion.billing.reconciliation.row.action_assign_to_me         clerk
fusion.billing.reconciliation.row.action_close                clerk
fusion.billing.reconciliation.row.action_reopen               clerk
fusion.billing.reconciliation.row.action_view_usage           clerk
fusion.billing.reconciliation.wizard.action_compare           clerk
fusion.billing.reopen.wizard.action_reopen                    clerk
fusion.billing.run.action_view_failures                       clerk
fusion.billing.sandbox.clock.wizard.action_advance            manager
fusion.billing.service.action_create_sandbox                  manager
fusion.billing.service.action_reset_sandbox                   manager
fusion.billing.service.action_update_sandbox                  manager
fusion.billing.service.action_view_sandbox                    manager
fusion.billing.service.action_view_webhook_deliveries         clerk
fusion.billing.service.action_webhook_enable                  manager
fusion.billing.service.action_webhook_resend_failed           manager
fusion.billing.service.action_webhook_test                    manager
fusion.billing.simulation.action_simulate                     manager
fusion.billing.waive.wizard.action_waive                      clerk
fusion.billing.webhook.delivery.action_cancel                 clerk
fusion.billing.webhook.delivery.action_resend                 clerk
fusion.billing.webhook.replay.wizard.action_resend            manager
fusion.billing.webhook.secret.wizard.action_generate          manager
fusion.billing.usage.action_view_documents                    clerk
fusion.billing.usage.action_view_ratings                      clerk
res.partner.action_view_fusion_cases                          clerk
res.partner.action_view_fusion_due                            clerk
res.partner.action_view_fusion_subscriptions                  clerk
res.partner.action_view_fusion_usage                          clerk
sale.order.action_fusion_change_items                         clerk
sale.order.action_fusion_change_plan                          clerk
sale.order.action_fusion_close                                clerk
sale.order.action_fusion_invoice_now                          clerk
sale.order.action_fusion_keep_open                            clerk
sale.order.action_fusion_link_customer                        clerk
sale.order.action_fusion_preview_invoice                      clerk
sale.order.action_fusion_pause                                clerk
sale.order.action_fusion_rate_now                             clerk
sale.order.action_fusion_reopen                               clerk
sale.order.action_fusion_resume                               clerk
sale.order.action_view_fusion_case                            clerk
sale.order.action_view_fusion_ratings                         clerk
sale.order.action_view_fusion_unpaid                          clerk
sale.order.action_view_fusion_usage                           clerk
sale.order.read_fusion_next_documents                         clerk
sale.order.read_fusion_usage                                  clerk
"""

# Models of no company, as scheduled actions work for all: billing staff of any may see them.
EVERYBODYS = {"fusion.billing.run"}

# What a person could write into a record of each model.
CHANGES = {
    "fusion.billing.service": {"name": "Other"},
    "fusion.billing.api.key": {"name": "Other"},
    "fusion.billing.webhook.secret": {"expires_at": "2099-01-01 00:00:00"},
    "fusion.billing.account.link": {"external_id": "other"},
    "fusion.billing.time.zone": {"name": "Europe/Paris"},
    "fusion.billing.metric": {"name": "Other"},
    "fusion.billing.plan": {"name": "Other"},
    "fusion.billing.plan.fee": {"quantity": 3},
    "fusion.billing.charge": {"price_per_unit": 3},
    "fusion.billing.charge.version": {"minimum_amount": 3},
    "fusion.billing.charge.tier": {"unit_amount": 3},
    "fusion.billing.charge.filter": {"dimension_values": "us"},
    "fusion.billing.phase": {"date_from": "2026-02-01"},
    "fusion.billing.item": {"quantity": 3},
    "fusion.billing.usage": {"quantity": 9},
    "fusion.billing.usage.correction": {"quantity": 9},
    "fusion.billing.rating": {"amount": 0},
    "fusion.billing.rating.request": {"touched_from": "2026-02-01 00:00:00"},
    "fusion.billing.revenue.movement": {"amount": 0},
    "fusion.billing.threshold": {"threshold_value": 90},
    "fusion.billing.threshold.crossing": {"cycle_start": "2026-02-01"},
    "fusion.billing.collection.attempt": {"number": 9},
    "fusion.billing.expiry.notice": {"days": 9},
    "fusion.billing.dunning.policy": {"name": "Other"},
    "fusion.billing.dunning.step": {"days": 9},
    "fusion.billing.dunning.case": {"closed_on": "2026-02-01"},
    "fusion.billing.dunning.taken": {"result": "Other"},
    "fusion.billing.webhook.delivery": {"state": "cancelled"},
    "fusion.billing.webhook.attempt": {"outcome": "failure"},
    "fusion.billing.run": {"outcome": "success"},
    "fusion.billing.reconciliation": {"note": "Other"},
    "fusion.billing.reconciliation.row": {"explanation": "Other"},
    "fusion.billing.reconciliation.wizard": {"reference": "Other"},
    "fusion.billing.quota": {"used": 0},
    "fusion.billing.kept.answer": {"status": 201},
    "fusion.billing.rejection": {"error": "Other"},
    "fusion.billing.traffic": {"requests": 0},
    "fusion.billing.api.key.wizard": {"overlap_hours": 1},
    "fusion.billing.webhook.secret.wizard": {"overlap_hours": 1},
    "fusion.billing.webhook.replay.wizard": {"only_failed": False},
    "fusion.billing.sandbox.clock.wizard": {"until": "2099-01-01 00:00:00"},
    "fusion.billing.change.plan.wizard": {"date": "2099-01-01"},
    "fusion.billing.close.wizard": {"end_date": "2099-01-01"},
    "fusion.billing.pause.wizard": {"date": "2099-01-01"},
    "fusion.billing.reopen.wizard": {"date": "2099-01-01"},
    "fusion.billing.invoice.wizard": {"is_changed": True},
    "fusion.billing.item.wizard": {"date": "2099-01-01"},
    "fusion.billing.key.search": {"idempotency_key": "other"},
    "fusion.billing.waive.wizard": {"reason": "Other"},
    "fusion.billing.estimate.wizard": {"is_estimated": True},
    "fusion.billing.estimate.wizard.line": {"quantity": 3},
    "fusion.billing.simulation": {"periods": 2},
    "fusion.billing.simulation.price": {"price_per_unit": 3},
    "fusion.billing.simulation.row": {"name": "Other"},
}


def rows(table):
    """The rows of a table: `{first column: {name of another column: what it says}}`.

    A line of one word is what the first column of the next ones begins with.
    """
    head, *lines = (line.split() for line in table.strip().splitlines())
    found, prefix = {}, ""
    for first, *cells in lines:
        if cells:
            found[prefix + first] = dict(zip(head[1:], cells, strict=True))
        else:
            prefix = f"{first}."
    return found
