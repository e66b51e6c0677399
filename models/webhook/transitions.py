"""Finds out what a transaction changed, so that an event is emitted for what came of it.

Business code writes a record in many small steps. What apps want to know is the difference
between before and after, so the facts before the first write are kept, and compared when Odoo
flushes the transaction for a commit or around a savepoint: inside the transaction or the
savepoint, so that what is rolled back is never told.
"""


def watch(records, facts, emit):
    """Remember the facts of records before they change.

    :param facts: function from a record to what is compared
    :param emit: function called with the records that still exist, in the order in which they
        were first watched, and their facts before, by id
    """
    before = _seen(records, emit) if records else {}
    for record in records:
        if record.id and record.id not in before:
            before[record.id] = facts(record)


def watch_new(records, emit):
    """Remember that records are new: their facts before are None."""
    if records:
        _seen(records, emit).update(dict.fromkeys(records.ids))


def not_emitted(records, emit):
    """Return those of the records that are new, and that nothing was told of yet."""
    before = _seen(records, emit) if records else {}
    return records.filtered(lambda record: record.id in before and before[record.id] is None)


def _seen(records, emit):
    precommit, key = records.env.cr.precommit, f"fusion_billing.facts:{records._name}"
    if key not in precommit.data:
        precommit.data[key] = {}
        # sudo: events tell what happened, whoever made it happen.
        model = records.sudo().with_context(tracking_disable=True).browse()
        precommit.add(lambda: _emit_all(model, precommit.data.pop(key), emit))
    return precommit.data[key]


def _emit_all(model, before, emit):
    records = model.browse(before).exists()
    if records and model.env["fusion.billing.service"]._somebody_receives():
        emit(records, before)
