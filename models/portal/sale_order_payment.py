from odoo import models


class SaleOrder(models.Model):
    """How customers see and choose what their subscription is charged to.

    Callers have checked who asks.
    """

    _inherit = "sale.order"

    # === LOOKING === #

    def _fusion_portal_payment(self, partner):
        """Return what a customer reads of how this subscription is paid; None in a sandbox, where
        nobody pays.

        :param partner: who reads it, one of the customer's people
        """
        self.ensure_one()
        order = self.sudo()  # sudo: the customer reads it here, and not who pays how.
        payer = order._fusion_payer()
        if order.company_id._fusion_is_sandbox():
            return None
        if payer != partner.commercial_partner_id:
            return {"payer": payer.display_name}
        if not order._fusion_collects():
            return {"is_automatic": False}
        return {"is_automatic": True, **order._fusion_portal_methods(payer, partner)}

    def _fusion_portal_methods(self, payer, partner):
        charged, usual = self._fusion_token(), payer._fusion_usual_token(self.company_id)
        own, usable = charged & self.fusion_token_id, payer._fusion_usable_tokens(self.company_id)
        return {
            "name": charged.display_name,
            "usual": own and usual.display_name,
            "methods": [
                {
                    **token._fusion_describe(partner),
                    "is_here": token == own,
                    "is_usual": token == usual,
                    "for_this": token in usable - charged - usual,
                    "for_all": token in usable - usual,
                }
                for token in payer._fusion_tokens(self.company_id)
            ],
            "has_failed": payer._fusion_has_failed_charges(self.company_id),
        }

    # === CHOOSING === #

    def _fusion_choose_token(self, partner, token_id, for_all=False):
        """Charge a subscription to a saved payment method, as its customer chose; done twice it is
        done once.

        :param partner: who chose, one of the customer's people
        :param token_id: of what is saved and can be charged; empty for what is used for all
        :param bool for_all: charge everything to it that has no method of its own, and this
        :return: whether it is charged to that now
        """
        order = self._fusion_locked_for_customer()
        payer = order._fusion_payer()
        usable = payer._fusion_usable_tokens(order.company_id)
        token = usable.filtered(lambda method: method.id == token_id)
        is_theirs = payer == partner.commercial_partner_id
        if not is_theirs or not order._fusion_collects() or token.id != (token_id or False):
            return False
        if not for_all:
            order._fusion_set_token(partner, token)
        elif token:
            order._fusion_set_usual_token(partner, token)
        return bool(token or not for_all)

    def _fusion_set_token(self, partner, token):
        if self.fusion_token_id == token:
            return
        self.fusion_token_id = token
        if token:
            words = self.env._("Chose %s in the portal.", token.display_name)
        else:
            words = self.env._("Chose what is used for all subscriptions, in the portal.")
        self._fusion_note_of(partner, words)

    def _fusion_set_usual_token(self, partner, token):
        payer = self._fusion_payer()
        if payer.fusion_token_id == token and not self.fusion_token_id:
            return
        payer.fusion_token_id = token
        self.fusion_token_id = False
        words = self.env._("Chose %s for all subscriptions, in the portal.", token.display_name)
        self._fusion_note_of(partner, words)

    def _fusion_use_saved(self, token):
        """Charge a subscription to what its customer saved just now, in the way it was charged:
        to a method of its own, or to what is used for all.

        A provider tells of it: whatever it is, it is no reason to fail.
        """
        order = self._fusion_locked_for_customer()
        payer = order._fusion_payer()
        is_theirs = payer == order.partner_id.commercial_partner_id
        if not is_theirs or token not in payer._fusion_tokens(order.company_id):
            return
        if order._fusion_token() != token:
            chooser = order if order.fusion_token_id else payer
            chooser.fusion_token_id = token
        words = order.env._(
            "Saved %s in the portal: invoices are charged to it now.", token.display_name
        )
        order._fusion_note_of(token.partner_id, words)
