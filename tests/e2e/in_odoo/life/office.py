"""The back office of a random life: what accountants do to documents and to the ledger."""

from contextlib import contextmanager

from odoo.fields import Command


class Office:
    """Remembers the lines on which customers may bear another amount than is settled.

    `touched` are those that staff edited, and copies of those; `credited` are lines of credit
    notes that staff made, and `settling` those of them that settle something after all (L4).
    `billed` are rows of the ledger that were waived and billed all the same (L5).
    """

    def __init__(self, world):
        self.world, self.env, self.rng = world, world.env, world.rng
        self.touched, self.credited, self.settling, self.billed = set(), set(), set(), set()

    def acts(self):
        acts = (
            self.cancel,
            self.cancel,
            self.delete,
            self.reset_and_post,
            self.reset,
            self.post,
            self.credit,
            self.credit,
            self.credit_and_correct,
            self.credit_and_correct,
            self.replace,
            self.edit,
            self.delete_line,
            self.duplicate,
            self.cancel_credit,
            self.waive,
            self.waive_document,
            self.take_back_waiver,
        )
        return [(f"office.{act.__name__}", act) for act in acts]

    def document(self, *states, kinds=("out_invoice", "out_refund")):
        """A random document of the ledger, more often a late one."""
        moves = self.env["account.move"].search(
            [
                ("state", "in", states),
                ("move_type", "in", kinds),
                ("invoice_line_ids.fusion_rating_id", "!=", False),
            ],
            order="id desc",
            limit=self.rng.choice((20, 2000)),
        )
        return moves.browse(self.rng.choice(moves.ids)) if moves else moves

    # === STATES === #

    def cancel(self):
        move = self.document("draft", "posted")
        if move.state == "posted":
            move.button_draft()
        if move:
            move.button_cancel()

    def delete(self):
        self.document("draft", "cancel").unlink()

    def reset_and_post(self):
        move = self.document("posted")
        if move:
            move.button_draft()
            move.action_post()

    def reset(self):
        """Back to draft: one that was cancelled, too, if nothing replaced it."""
        move = self.document("posted", "cancel")
        if move:
            move.button_draft()

    def post(self):
        move = self.document("draft")
        if move:
            move.action_post()

    # === CREDIT NOTES === #

    def credit(self, move=None):
        """A credit note by hand: of all or of less, posted or left as a draft."""
        move = move or self.document("posted", kinds=("out_invoice",))
        if not move:
            return
        self._wizard(move).refund_moves()
        note = move.reversal_move_ids.sorted("id")[-1]
        lines = note.invoice_line_ids.filtered("fusion_rating_id")
        self.credited.update(lines.ids)
        self.settling.update(lines.filtered("fusion_settled").ids)
        for line in lines[: self.rng.randrange(3)]:
            line.price_unit = round(line.price_unit / 2, 2)
        if self.rng.random() < 0.6:
            note.action_post()

    def credit_and_correct(self):
        """Staff give back what was used by mistake, and then somebody corrects the counters."""
        used = self.env["fusion.billing.rating"].search(
            [("quantity", ">", 0), ("settled", ">", 0)], order="id desc", limit=200
        )
        rows = used.filtered(lambda row: row.invoice_line_ids.move_id.filtered(is_invoice))
        if rows:
            row = rows.browse(self.rng.choice(rows.ids))
            self.credit(row.invoice_line_ids.move_id.filtered(is_invoice)[0])
            self.world.app.correct(self.env["fusion.billing.usage"]._counters(row._counted()), 0)

    def replace(self):
        """*Reverse and create invoice*; the new draft may be posted, cancelled or deleted later."""
        move = self.document("posted", kinds=("out_invoice",))
        if not move:
            return
        action = self._wizard(move).modify_moves()
        new = self.env["account.move"].browse(action["res_id"])
        touched = move.invoice_line_ids.filtered(lambda line: line.id in self.touched)
        note = move.reversal_move_ids.sorted("id")[-1]
        self.touched.update(
            (new | note)
            .invoice_line_ids.filtered(
                lambda line: line.fusion_rating_id in touched.fusion_rating_id
            )
            .ids
        )
        if self.rng.random() < 0.5:
            new.action_post()

    def _wizard(self, move):
        return (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "reason": "life"})
        )

    def cancel_credit(self):
        move = self.document("draft", "posted", kinds=("out_refund",))
        if move.state == "posted":
            move.button_draft()
        if move:
            move.button_cancel()

    # === DRAFTS === #

    def edit(self):
        """A line of a draft gets another price, quantity or discount."""
        lines = self.document("draft").invoice_line_ids.filtered("fusion_rating_id")
        for line in lines[:1]:
            name, values = self.rng.choice(
                (("price_unit", (1, 0, 500)), ("quantity", (0, 2, 0.5)), ("discount", (10, 100)))
            )
            line.write({name: self.rng.choice(values)})
            self.touched.add(line.id)

    def delete_line(self):
        lines = self.document("draft").invoice_line_ids.filtered("fusion_rating_id")
        if lines and self.rng.random() < 0.5:
            lines.move_id.invoice_line_ids = [Command.delete(lines[0].id)]

    def duplicate(self):
        """A copy of a document bills nothing of the ledger."""
        copy = self.document("draft", "posted", "cancel").copy()
        if copy and self.rng.random() < 0.5:
            copy.action_post()

    # === WAIVERS === #

    def waive(self):
        ratings = self.env["fusion.billing.rating"].search([("due", ">", 0)], limit=50)
        if ratings:
            ratings.browse(self.rng.choice(ratings.ids))._waive("life")

    def waive_document(self):
        """What a cancelled document settled shall not be billed again."""
        rows = self.document("cancel").invoice_line_ids.fusion_rating_id
        rows.filtered(lambda row: row.due > 0)._waive("life")

    @contextmanager
    def waivers_hold(self):
        """Look that a run settles nothing of what is waived as a whole (L5)."""
        before = self.waived()
        yield
        now = self.waived()
        self.billed |= {
            facts[0]
            for facts, (settled, due) in before.items()
            if not due and now.get(facts, (settled, due))[0] != settled
        }

    def waived(self):
        """What is waived: row, amount and waiver, and what is settled and due of it."""
        self.env.flush_all()
        self.env.cr.execute(WAIVED)
        return {tuple(facts): (settled, due) for *facts, settled, due in self.env.cr.fetchall()}

    def take_back_waiver(self):
        rows = self.env["fusion.billing.rating"].search([("waived", "!=", 0)])
        if rows:
            rows.browse(self.rng.choice(rows.ids))._take_back_waiver()


WAIVED = """
SELECT id, amount, waived, settled, amount - waived - settled FROM fusion_billing_rating
 WHERE waived != 0
"""


def is_invoice(move):
    return move.move_type == "out_invoice" and move.state == "posted"
