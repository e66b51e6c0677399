from functools import partial
from itertools import groupby

from odoo import api, models

from ..base.engine import is_engine
from .whole_lines import WholeLines, is_overridden


class AccountMove(models.Model):
    """Documents that are created and posted whole: each row is written once, for a whole set."""

    _inherit = "account.move"

    @api.model
    def _fusion_create_drafts(self, vals_list):
        """Create documents in this order: whole where that comes to the same, else by core."""
        lines, ids = WholeLines(self.env), []
        # Of neighbours: the order is to be kept.  pylint: disable-next=bad-builtin-groupby
        for fit, run in groupby(vals_list, key=lines.fits):
            create = partial(self._fusion_create_whole, lines=lines) if fit else self.create
            ids += create(list(run)).ids
        return self.browse(ids)

    @api.model
    def _fusion_create_whole(self, vals_list, lines):
        """Create documents, and then all lines of all of them.

        :param WholeLines lines: works out their values
        """
        moves = self.with_context(**WHOLE).create(
            [
                {name: value for name, value in vals.items() if name != "invoice_line_ids"}
                for vals in vals_list
            ]
        )
        moves.env["account.move.line"]._fusion_create_whole(
            [
                values
                for move, vals in zip(moves, vals_list, strict=True)
                for values in lines.of(
                    move, [line for _command, _id, line in vals["invoice_line_ids"]]
                )
            ]
        )
        return moves

    def _fusion_post_whole(self):
        """Post documents that are as they should be: posting changes no amount of theirs."""
        # At once: who gets a first invoice is written by himself, and core reads his contacts.
        self.partner_id.filtered(lambda partner: not partner.customer_rank).mapped("child_ids")
        self.with_context(**WHOLE).action_post()

    def _add_precomputed_values(self, vals_list):
        """Ask core once for what documents of one day, journal and currency have in common."""
        if _is_whole(self.env) and not is_overridden(self, COMMON_STEPS):
            known = {}
            for vals in vals_list:
                alike = tuple(vals.get(name) for name in ALIKE)
                if alike not in known:
                    known[alike] = self._fusion_in_common(vals)
                missing = known[alike].keys() - vals.keys()
                if missing == {name for name in _precomputed(self) if name not in vals}:
                    vals.update(
                        {name: known[alike][name] for name in missing},
                        __precomputed__={self._fields[name] for name in missing},
                    )
        super()._add_precomputed_values(vals_list)

    def _fusion_in_common(self, vals):
        """Return what core makes of the values that are `ALIKE`."""
        move = self.new({name: vals[name] for name in ALIKE if name in vals})
        return {name: self._fields[name].convert_to_write(move[name], self) for name in IN_COMMON}

    def _check_company(self, fnames=None):
        if not (_is_whole(self.env) and _is_of_one_company(self)):
            super()._check_company(fnames)

    def _get_next_sequence_format(self):
        """Ask core once for all documents that are numbered alike: from the second on, it counts
        on from the number that it gave last.
        """
        if not _is_whole(self.env) or self._fusion_numbers_differ():
            return super()._get_next_sequence_format()
        # It is kept, and forgotten, with that number.
        formats = self._get_sequence_cache()
        key = "fusion_format", self.journal_id, self.move_type, self.date
        if key not in formats:
            formats[key] = super()._get_next_sequence_format()
        text, values = formats[key]
        return text, dict(values)

    def _fusion_numbers_differ(self):
        """Whether more than the journal, the type and the date decide how a document is named."""
        return self.journal_id.is_self_billing or is_overridden(self, NUMBERING)


class AccountMoveLine(models.Model):
    """Lines that are complete when they are created."""

    _inherit = "account.move.line"

    @api.model
    def _fusion_create_whole(self, vals_list):
        """Create lines with values that core would compute from other values afterwards."""
        lines = self.create(vals_list)
        given = self.union(
            *(
                line
                for line, vals in zip(lines, vals_list, strict=True)
                if vals.keys() >= AFTERWARDS
            )
        )
        for name in AFTERWARDS | EMPTY:
            self.env.remove_to_compute(self._fields[name], given)

    def _add_precomputed_values(self, vals_list):
        if _is_whole(self.env):
            needed = _precomputed(self)
            for vals in vals_list:
                values = vals | self._fusion_precomputed(vals)
                if needed <= values.keys():
                    vals.update(values, __precomputed__={self._fields[name] for name in values})
        super()._add_precomputed_values(vals_list)

    def _fusion_precomputed(self, vals):
        """Return what `create` lets nobody give: what follows from other values of a line."""
        if "balance" not in vals:
            return {}
        move = self.move_id.browse(vals["move_id"])
        tax = self.tax_repartition_line_id.browse(vals["tax_repartition_line_id"]).tax_id
        return {
            "company_id": move.company_id.id,
            "company_currency_id": move.company_currency_id.id,
            "journal_id": move.journal_id.id,
            "tax_line_id": tax.id,
            "tax_group_id": tax.tax_group_id.id,
            "debit": max(vals["balance"], 0.0),
            "credit": max(-vals["balance"], 0.0),
        }

    def _check_company(self, fnames=None):
        if not (_is_whole(self.env) and _is_of_one_company(self)):
            super()._check_company(fnames)


def _is_of_one_company(records):
    """Whether all that records are linked to may be used in their companies: what core checks
    record by record, for all of them at once. If not, core finds out which, and says so.
    """
    return all(
        _may_use(company, same.sudo().mapped(name))
        for company, same in records.grouped("company_id").items()
        for name, field in records._fields.items()
        if field.relational and field.check_company
    )


def _may_use(company, linked):
    domain = linked._check_company_domain(company)
    return not domain or linked == linked.with_context(active_test=False).filtered_domain(domain)


def _is_whole(env):
    return is_engine(env) and bool(env.context.get("fusion_whole"))


def _precomputed(model):
    return {name for name, field in model._fields.items() if field.precompute}


# Nothing on them has to follow anything else on them.
WHOLE = {
    "fusion_whole": True,
    "skip_invoice_sync": True,
    "skip_invoice_line_sync": True,
    "skip_analytic_sync": True,
    "skip_is_manually_modified": True,
}

# What `create` takes values for, and then computes all the same.
AFTERWARDS = {
    "amount_residual",
    "amount_residual_currency",
    "date",
    "invoice_date",
    "parent_state",
    "price_subtotal",
    "price_total",
    "reconciled",
    "ref",
}
# Drafts that come from no bank statement and no payment have none, and their lines neither.
EMPTY = {"move_name", "payment_id", "statement_id", "statement_line_id"}

# What else a document is does not matter to what is in common, as long as core alone decides.
ALIKE = ("move_type", "company_id", "currency_id", "journal_id", "invoice_date")
IN_COMMON = ("date", "delivery_date", "invoice_currency_rate", "journal_id", "taxable_supply_date")
COMMON_STEPS = {
    *(f"_compute_{name}" for name in IN_COMMON),
    "_get_expected_currency_rate_at",
    "_get_invoice_currency_rate_date",
    "_search_default_journal",
}

NUMBERING = {
    "_get_last_sequence",
    "_get_last_sequence_domain",
    "_get_next_sequence_format",
    "_get_sequence_format_param",
    "_get_starting_sequence",
}
