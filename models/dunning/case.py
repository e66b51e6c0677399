from odoo import api, fields, models
from odoo.fields import Domain

from ...core.collection.dunning import next_step
from ...core.money.timeline import UNPAIDS
from ..base.subscription_states import RUNNING
from ..catalog.price_wording import format_price
from .step import PAUSE

PAID, LEFT_ALONE = "paid", "left_alone"


class FusionBillingDunningCase(models.Model):
    """A customer who is late with invoices in one currency: what was done, and what comes next.

    It is opened once an invoice is overdue, and closed once none is. Which invoices are overdue,
    and what is due next, is worked out whenever it is asked for; what is kept is what was done.
    """

    _name = "fusion.billing.dunning.case"
    _description = "Dunning Case"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "opened_on desc, id desc"
    _rec_name = "partner_id"
    _mail_post_access = "read"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    opened_on = fields.Date("Since", required=True, readonly=True)
    closed_on = fields.Date("Until", readonly=True)
    outcome = fields.Selection(
        [(PAID, "Paid"), (LEFT_ALONE, "Nothing Is Asked For Any More")],
        readonly=True,
        help="Not asked for any more: credited, cancelled, disputed, or the customer is exempt.",
    )
    invoice_ids = fields.Many2many(
        "account.move", readonly=True, help="Those that were overdue in it."
    )
    taken_ids = fields.One2many("fusion.billing.dunning.taken", "case_id", "Steps Taken")
    taken_id = fields.Many2one(
        "fusion.billing.dunning.taken", "Last Step", compute="_compute_taken", store=True
    )
    action = fields.Selection(related="taken_id.action", string="Last Action", store=True)

    policy_id = fields.Many2one("fusion.billing.dunning.policy", compute="_compute_policy")
    late_invoice_ids = fields.Many2many("account.move", compute="_compute_late")
    amount_overdue = fields.Monetary("Overdue", compute="_compute_late")
    late_since = fields.Date("Oldest Due Date", compute="_compute_late")
    amount_settled = fields.Monetary(
        "Settled",
        compute="_compute_amount_settled",
        help="What was paid or credited of the invoices of this case.",
    )
    next_step_id = fields.Many2one("fusion.billing.dunning.step", compute="_compute_next_step")
    next_on = fields.Date(compute="_compute_next_step")
    state_text = fields.Char("State", compute="_compute_state_text")

    _open_unique = models.UniqueIndex(
        "(partner_id, company_id, currency_id) WHERE closed_on IS NULL",
        "A customer has one open dunning case in a currency.",
    )

    # === COMPUTE METHODS === #

    def _compute_access_url(self):
        super()._compute_access_url()
        for case in self:
            case.access_url = f"/my/overdue/{case.id}"

    @api.depends("partner_id", "currency_id", "opened_on")
    def _compute_display_name(self):
        for case in self:
            case.display_name = self.env._(
                "%(customer)s, since %(day)s",
                customer=case.partner_id.display_name,
                day=case.opened_on and case._format(case.opened_on),
            )

    @api.depends("taken_ids")
    def _compute_taken(self):
        for case in self:
            case.taken_id = case.taken_ids.sorted("number")[-1:]

    @api.depends("partner_id", "company_id")
    def _compute_policy(self):
        for case in self:
            case.policy_id = case.partner_id._fusion_dunning_policy(case.company_id)

    @api.depends("closed_on", "invoice_ids.payment_state", "invoice_ids.amount_residual")
    def _compute_late(self):
        found = self._find_late()
        for case in self:
            late = found.get(case._key(), self.env["account.move"])
            case.late_invoice_ids = late
            case.amount_overdue = sum(late.mapped("amount_residual"))
            case.late_since = late[:1].invoice_date_due

    @api.depends("invoice_ids.amount_residual", "invoice_ids.amount_total", "invoice_ids.state")
    def _compute_amount_settled(self):
        for case in self:
            # sudo: whoever may see the case may see what was settled in it.
            posted = case.sudo().invoice_ids.filtered(lambda invoice: invoice.state == "posted")
            settled = (invoice.amount_total - invoice.amount_residual for invoice in posted)
            case.amount_settled = sum(settled)

    @api.depends("taken_ids", "late_since", "policy_id")
    def _compute_next_step(self):
        for case in self:
            case.next_step_id, case.next_on = case._find_next() or (False, False)

    @api.depends("closed_on", "next_on")
    @api.depends_context("lang")
    def _compute_state_text(self):
        for case in self:
            case.state_text = case._describe()

    # === LOOKING === #

    def _key(self):
        return (self.partner_id, self.company_id, self.currency_id, self.closed_on)

    def _find_late(self):
        """Return what is overdue now: `{key of the case: invoices}`, the oldest first; nothing of
        what is closed. Many are looked up at once.
        """
        cases = self.filtered(lambda case: case.id and not case.closed_on)
        late = self.env["account.move"]._fusion_late_of(cases.partner_id, cases.company_id)
        return late.grouped(
            lambda invoice: (
                invoice.commercial_partner_id,
                invoice.company_id,
                invoice.currency_id,
                False,
            )
        )

    def _find_next(self):
        """Return the next step and the first day on which it is due; None if none is left."""
        self.ensure_one()
        if self.closed_on or not self.late_since:
            return None
        # sudo: the customer reads when, not what.
        taken = self.sudo()._taken_for(self.late_since)
        # What was taken is not taken again where it is put off.
        taken_keys = set(taken.mapped("step_key"))
        steps = self.policy_id.sudo().step_ids.filtered(lambda step: step.id not in taken_keys)
        found = next_step(
            [step._key() for step in steps],
            self.late_since,
            taken[-1:]._taken(),
            self._promised_until(),
        )
        return found and (steps.browse(found[0].id), found[1])

    def _taken_for(self, due):
        """Return the steps that were taken since an invoice was late that was due on a day.

        Of those before it all is paid that they were about: for who is always late with one, the
        steps begin anew with each.
        """
        return self.taken_ids.filtered(lambda taken: taken.taken_on > due).sorted("number")

    def _promised_until(self):
        # sudo: an app asks, too.
        return self.partner_id.sudo().with_company(self.company_id).fusion_promised_until or None

    def _subscriptions(self):
        """Return the subscriptions that the overdue invoices bill."""
        return self.late_invoice_ids._fusion_subscriptions()

    def _paused(self):
        """Return the customer's subscriptions that are, or will be, paused for non-payment, and
        that nobody else keeps so.
        """
        # sudo: they go on whoever looks.
        orders = self.env["sale.order"].sudo()
        theirs = orders.search(
            orders._fusion_subscription_domain(RUNNING)
            & Domain("fusion_phase_ids.state", "in", UNPAIDS)
            & Domain("partner_invoice_id.commercial_partner_id", "=", self.partner_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
        )
        billed = self.sudo().invoice_ids._fusion_subscriptions()
        unpaid = (theirs | billed).filtered(lambda order: order._fusion_is_unpaid())
        return unpaid - self._kept_paused(unpaid)

    def _kept_paused(self, subscriptions):
        """Return those that another customer, who was billed for them, has not paid either."""
        billed = "invoice_ids.invoice_line_ids.fusion_rating_id.subscription_id"
        if not subscriptions:
            return subscriptions
        others = self.search(
            Domain("closed_on", "=", False)
            & Domain("id", "!=", self.id)
            & Domain("taken_ids.action", "=", PAUSE)
            & Domain(billed, "in", subscriptions.ids)
        )
        return subscriptions & others.late_invoice_ids._fusion_subscriptions()

    # === IN WORDS === #

    def render_mail_invoices(self):
        """Return what an e-mail lists of this case, and its button that pays all: HTML.

        Templates of people call it.
        """
        self.ensure_one()
        self.check_access("read")
        return self.env["ir.qweb"]._render("fusion_billing.dunning_mail_invoices", {"case": self})

    def _describe(self):
        """Say what is overdue, and what comes next."""
        self.ensure_one()
        if self.closed_on:
            return dict(self._fields["outcome"]._description_selection(self.env))[self.outcome]
        if not self.late_since:
            return self.env._("Nothing is overdue any more.")
        overdue = self.env._(
            "%(amount)s overdue since %(day)s.",
            amount=format_price(self.env, self.amount_overdue, self.currency_id),
            day=self._format(self.late_since),
        )
        return f"{overdue} {self._describe_next()}"

    def _describe_next(self):
        promised, today = self._promised_until(), self.company_id._fusion_today()
        if promised and promised >= today:
            return self.env._("Promised to pay until %s.", self._format(promised))
        if not self.next_step_id:
            return self.env._("No step is left.")
        return self.env._(
            "Next, on %(day)s: %(step)s.",
            day=self._format(max(self.next_on, today)),
            step=self.next_step_id._describe_action(),
        )
