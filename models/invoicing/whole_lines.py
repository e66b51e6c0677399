# As core's _compute_sequence has them.
TAX_SEQUENCE, TERM_SEQUENCE = 10000, 12000

# What the values here stand in for. Where a module that is not known takes part, core does it.
KNOWN_MODULES = {"account", "analytic", "base", "fusion_billing", "mail", "sale"}
STEPS = {
    "_compute_always_tax_exigible",
    "_compute_direction_sign",
    "_compute_needed_terms",
    "_get_discount_allocation_account",
    "_get_rounded_base_and_tax_lines",
    "_get_sync_stack",
    "_prepare_product_base_line_for_taxes_computation",
    "_sync_dynamic_line",
    "_sync_dynamic_lines",
    "_sync_invoice",
    "_sync_tax_lines",
}
LINE_STEPS = {
    "_get_analytic_distribution_arguments",
    "_related_analytic_distribution",
    "_sanitize_vals",
    "_sync_invoice",
}
# What a line comes to by itself does not depend on other lines.
TAX_STEPS = {"_round_base_lines_tax_details", "_round_tax_details_tax_amounts"}

# Columns of lines that say nothing, unless a line is of the kind that uses them.
NOTHING = {
    "analytic_distribution": False,
    "discount_date": False,
    "date_maturity": False,
    "is_storno": False,
    "no_followup": False,
    "product_id": False,
    "product_uom_id": False,
    "quantity": 0.0,
    "price_unit": 0.0,
    "price_subtotal": 0.0,
    "price_total": 0.0,
    "tax_ids": [],
    "tax_repartition_line_id": False,
}

# What is worked out here. A line that comes with a value of its own for one of them is core's.
WORKED_OUT = {
    "account_id",
    "amount_currency",
    "analytic_distribution",
    "balance",
    "credit",
    "currency_id",
    "debit",
    "partner_id",
    "tax_tag_ids",
}

NO_DISCOUNT = {"discount_balance": 0.0, "discount_amount_currency": 0.0}


class WholeLines:
    """All lines of drafts that have none yet, with all amounts, before the first is written.

    Core writes the lines that are given, and then lets each change of one change the others, line
    by line. Here its tax engine and its payment terms are asked first, so that each row is written
    once. The rows are equal to core's in every column; what could be otherwise does not `fit`.

    :param env: in which documents are created; what lines need is read once for all of them
    """

    def __init__(self, env):
        self.env = env
        self._taxes = env["account.tax"]
        self._lines = env["account.move.line"]
        self._read = {}
        # sudo: distribution models of others count, too.
        models = env["account.analytic.distribution.model"].sudo()
        self._core_only = not models.search_count([], limit=1) and _is_cores(env)

    def _once(self, work, *key):
        """Return what a function says of some records, asked once."""
        if (work, key) not in self._read:
            self._read[work, key] = work(*key)
        return self._read[work, key]

    # === WHICH DOCUMENTS === #

    def fits(self, vals):
        """Whether a document of these values has nothing that only core should do.

        :param dict vals: values of a move, with its product lines and sections
        """
        company = self.env["res.company"].browse(vals["company_id"])
        position = self.env["account.fiscal.position"].browse(vals["fiscal_position_id"])
        partner = self.env["res.partner"].browse(vals["partner_id"]).commercial_partner_id
        term = self.env["account.payment.term"].browse(vals["invoice_payment_term_id"])
        return bool(
            self._core_only
            and vals["move_type"] == "out_invoice"
            and not vals.get("invoice_cash_rounding_id")
            and "line_ids" not in vals
            and not company.account_storno
            and not company.account_discount_expense_allocation_id
            and not (term.early_discount and term.early_pay_discount_computation == "mixed")
            and self._once(_receivable_account, company, position, partner)
            and all(
                self._line_fits(line, company, position)
                for _command, _id, line in vals["invoice_line_ids"]
            )
        )

    def _line_fits(self, line, company, position):
        if line["display_type"] != "product":
            return True
        order_lines = self.env["sale.order.line"].browse(
            line_id for _command, line_id, *_ in line["sale_line_ids"]
        )
        product = self.env["product.product"].browse(line["product_id"])
        return (
            product
            and line["product_uom_id"]
            and not line["extra_tax_data"]
            and not line["is_downpayment"]
            and not WORKED_OUT & line.keys()
            and not any(order_lines.mapped("analytic_distribution"))
            and self._once(_income_account, company, position, product)
            and self._once(_is_due_at_once, self._tax_ids(line))
        )

    def _tax_ids(self, line):
        [[_command, _id, ids]] = line["tax_ids"]
        return self._taxes.browse(ids)

    # === THEIR LINES === #

    def of(self, move, lines):
        """Return the values of all lines of a draft.

        :param list lines: the values of its product lines and sections
        """
        products = [line for line in lines if line["display_type"] == "product"]
        rows, taxes = self._taxed(move, products)
        terms = self._terms(move, rows, taxes)
        common = {**NOTHING, **_header(move)}
        return [
            {"move_id": move.id, **line} for line in lines if line["display_type"] != "product"
        ] + [self._with_residual(move, {**common, **row}) for row in rows + taxes + terms]

    def _taxed(self, move, lines):
        """Return the values of product lines and of tax lines."""
        taxes, company = self._taxes, move.company_id
        base_lines = [self._base_line(move, line) for line in lines]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        taxes._round_base_lines_tax_details(base_lines, company)
        taxes._add_accounting_data_in_base_lines_tax_details(
            base_lines, company, include_caba_tags=move.always_tax_exigible
        )
        result = taxes._prepare_tax_lines(base_lines, company)
        return [
            {
                **line,
                **amounts,
                "account_id": base_line["account_id"].id,
                "price_subtotal": base_line["tax_details"]["total_excluded_currency"],
                "price_total": base_line["tax_details"]["total_included_currency"],
            }
            for line, (base_line, amounts) in zip(
                lines, result["base_lines_to_update"], strict=True
            )
        ], [
            {**amounts, "display_type": "tax", "sequence": TAX_SEQUENCE}
            for amounts in result["tax_lines_to_add"]
        ]

    def _base_line(self, move, line):
        """Return a product line as core's tax engine takes it."""
        product = self.env["product.product"].browse(line["product_id"])
        return self._taxes._prepare_base_line_for_taxes_computation(
            None,
            **{name: self._as_read(name, line) for name in ("price_unit", "quantity", "discount")},
            product_id=product,
            product_uom_id=self.env["uom.uom"].browse(line["product_uom_id"]),
            tax_ids=self._tax_ids(line),
            currency_id=move.currency_id,
            rate=move.invoice_currency_rate,
            sign=move.direction_sign,
            partner_id=move.commercial_partner_id,
            account_id=self._once(
                _income_account, move.company_id, move.fiscal_position_id, product
            ),
            analytic_distribution=False,
            name=line["name"],
        )

    def _as_read(self, name, line):
        """Return a number as it would be read from the line: with the decimals it is kept with."""
        return self._lines._fields[name].convert_to_cache(line[name], self._lines)

    # === WHEN THEY ARE TO BE PAID === #

    def _terms(self, move, rows, taxes):
        """Return the values of payment term lines, one for each day on which something is due."""
        common = {
            "display_type": "payment_term",
            "sequence": TERM_SEQUENCE,
            "account_id": self._once(
                _receivable_account,
                move.company_id,
                move.fiscal_position_id,
                move.commercial_partner_id,
            ).id,
        }
        if len(move.invoice_payment_term_id.line_ids) <= 1 and not move.payment_reference:
            common["name"] = False  # core names the others
        return [
            {**common, **instalment}
            for instalment in self._instalments(move, _owed(rows), _owed(taxes))
        ]

    def _instalments(self, move, untaxed, tax):
        if not move.invoice_payment_term_id:
            total = {name: untaxed[name] + tax[name] for name in untaxed}
            return [{**NO_DISCOUNT, "date_maturity": move.invoice_date_due, **total}]
        terms, instalments = self._payment_terms(move, untaxed, tax), {}
        discount = {
            "discount_date": terms["discount_date"],
            "discount_balance": terms["discount_balance"] or 0.0,
            "discount_amount_currency": terms.get("discount_amount_currency") or 0.0,
        }
        for term in terms["line_ids"]:
            instalment = instalments.setdefault(
                term["date"],
                {"date_maturity": term["date"], **discount, "balance": 0.0, "amount_currency": 0.0},
            )
            instalment["balance"] += term["company_amount"]
            instalment["amount_currency"] += term["foreign_amount"]
        return list(instalments.values())

    def _payment_terms(self, move, untaxed, tax):
        return move.invoice_payment_term_id._compute_terms(
            date_ref=move.invoice_date,
            currency=move.currency_id,
            company=move.company_id,
            tax_amount=tax["balance"],
            tax_amount_currency=tax["amount_currency"],
            untaxed_amount=untaxed["balance"],
            untaxed_amount_currency=untaxed["amount_currency"],
            sign=1,
        )

    def _with_residual(self, move, row):
        """Return a line with what is left of it to pay: all, if its account is one to settle."""
        account = self.env["account.account"].browse(row["account_id"])
        left, left_currency, settles = 0.0, 0.0, self._once(_is_settled, account)
        if settles:
            left = move.company_currency_id.round(row["balance"])
            left_currency = move.currency_id.round(row["amount_currency"])
        return {
            **row,
            "amount_residual": left,
            "amount_residual_currency": left_currency,
            "reconciled": settles and not left and not left_currency,
        }


def _header(move):
    """Return what the lines of a draft take from it."""
    return {
        "move_id": move.id,
        "partner_id": move.commercial_partner_id.id,
        "currency_id": move.currency_id.id,
        "date": move.date,
        "ref": move.ref,
        "invoice_date": move.invoice_date,
        "parent_state": move.state,
    }


def _owed(rows):
    return {name: -sum(row[name] for row in rows) for name in ("balance", "amount_currency")}


def _is_settled(account):
    return account.reconcile or account.account_type in ("asset_cash", "liability_credit_card")


def _is_due_at_once(taxes):
    """Whether no tax waits for a payment."""
    return "on_payment" not in taxes.flatten_taxes_hierarchy().mapped("tax_exigibility")


def _income_account(company, position, product):
    template = product.with_company(company).product_tmpl_id
    return template.get_product_accounts(position)["income"]


def _receivable_account(company, position, partner):
    return position.map_account(partner.with_company(company).property_account_receivable_id)


def _is_cores(env):
    """Whether no other module takes part in the steps that the values stand in for."""
    lines = env["account.move.line"]
    computes = {
        field.compute
        for field in lines._fields.values()
        if field.store and isinstance(field.compute, str)
    }
    return not (
        is_overridden(env["account.move"], STEPS)
        or is_overridden(lines, LINE_STEPS | computes)
        or is_overridden(env["account.tax"], TAX_STEPS)
    )


def is_overridden(model, methods):
    """Whether a module that is not known here has a part in one of the methods of a model."""
    return any(
        part._module not in KNOWN_MODULES and not methods.isdisjoint(vars(part))
        for part in type(model).__mro__
        if hasattr(part, "_module")
    )
