"""Work that is done for real, looked at, and taken back."""

from contextlib import closing, contextmanager

from odoo.api import Environment
from odoo.tools.misc import Callbacks

# What a transaction keeps beside the database: what was read and waits to be written, and what is
# to be done before or after a commit.
KEPT = ("precommit", "postcommit", "prerollback", "postrollback")


@contextmanager
def rehearsal(records):
    """Give the same records in a world of their own: what is done there leaves nothing behind.

    It happens in a savepoint that is always rolled back, with caches and hooks of its own, so that
    nothing of it is written, mailed or told, and nothing that was read before is forgotten: not
    even the values of a form that nobody has saved yet.

    :raise RuntimeError: something was written through records of the world outside, which would
        be stored with that
    """
    cr, env = records.env.cr, records.env
    cr.flush()
    before = {name: getattr(cr, name) for name in (*KEPT, "transaction", "cache")}
    with closing(cr.savepoint(flush=False)):
        for name in KEPT:
            setattr(cr, name, Callbacks())
        cr.transaction, cr.cache = None, {}
        try:
            yield records.with_env(Environment(cr, env.uid, env.context, env.su))
        finally:
            for name, value in before.items():
                setattr(cr, name, value)
        if any(env.transaction.field_dirty.values()):
            raise RuntimeError("A rehearsal wrote through records that are not its own.")
