"""How the engine writes what nobody else may write.

A key of the context can be sent by anybody who may call a method over RPC, so none is a
permission. This one is an object of this process: no request can hold it.
"""

ENGINE = object()


def as_engine(records):
    """The same records, to be written by the engine: locked orders too, and without chatter."""
    return records.with_context(
        fusion_engine=ENGINE,
        tracking_disable=True,
        mail_notrack=True,
        sale_no_log_for_new_lines=True,
        sale_write_from_compute=True,
    )


def given(names, env, vals_list):
    """Those of some fields to which whoever creates records gives a value.

    A default in the context gives one, too, and may come over RPC.
    """
    return {
        name
        for name in names
        if env.context.get(f"default_{name}") or any(vals.get(name) for vals in vals_list)
    }


def is_engine(env):
    """Whether the engine itself is writing."""
    return env.context.get("fusion_engine") is ENGINE
