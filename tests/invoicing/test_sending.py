"""A plan posts and sends: core sends, each document once, and what cannot be sent is shown."""

from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.account.models.account_move import AccountMove
from odoo.addons.account.models.account_move_send import AccountMoveSend

from ...models.invoicing.sending import ATTEMPTS, UNSENT
from .document_case import DocumentCase


class Killed(BaseException):
    """The process ends here."""


@tagged("post_install", "-at_install")
class TestSending(DocumentCase):
    """Acme and Nobody, who has no e-mail address, got their invoices on 1 February."""

    @classmethod
    @freeze_time("2026-01-01")
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.invoice_mode = "send"
        cls.partner.email = "acme@example.com"
        cls.company.email = "billing@example.com"
        cls.nobody = cls.env["res.partner"].create({"name": "Nobody"})
        subscriptions = cls._subscribe() + cls._subscribe(partner_id=cls.nobody.id)
        for subscription in subscriptions:
            cls._use(subscription, 5)
        with freeze_time("2026-02-01"):
            subscriptions._fusion_bill_until(date(2026, 2, 1))
        cls.good, cls.bad = (subscription.invoice_ids for subscription in subscriptions)

    def _billed(self):
        subscription = self._start(5, products=())
        self._bill_on("2026-02-01")
        return self._moves(subscription)

    def _send_on(self, *days):
        for day in days:
            with freeze_time(day):
                self.env["account.move"]._fusion_cron_send()

    def _mails(self, move):
        return self.env["mail.mail"].search(
            [("model", "=", "account.move"), ("res_id", "in", move.ids)]
        )

    def _state(self, move):
        return bool(move.fusion_send_at), move.fusion_send_attempts, move.fusion_send_error

    def test_a_posted_document_is_sent_once_with_its_pdf_to_the_customer(self):
        move = self.good
        self.assertEqual(move.state, "posted")
        self.assertFalse(self._mails(move), "nothing is sent by the run that invoices")
        with freeze_time("2026-02-01 00:10:00"):
            self._run_cron("ir_cron_send_invoices")
        self._send_on("2026-02-01 00:20:00", "2026-02-09")
        mail = self._mails(move)
        self.assertEqual((len(mail), mail.state), (1, "outgoing"))
        self.assertEqual(mail.recipient_ids, self.partner)
        self.assertIn(move._get_invoice_report_filename(), mail.attachment_ids.mapped("name"))
        self.assertEqual((move.is_move_sent, self._state(move)), (True, (False, 0, False)))

    def test_no_e_mail_leaves_but_through_the_queue(self):
        with patch.object(self.env.registry["mail.mail"], "send_after_commit") as leave:
            self._send_on("2026-02-01 00:10:00")
        self.assertEqual((len(self._mails(self.good)), leave.called), (1, False))

    def test_what_a_network_has_taken_is_not_handed_over_again_when_others_fail(self):
        taken = []

        def hand_over(_sender, documents):
            taken.extend(move.id for move in documents)
            for move, data in documents.items():
                if move == self.bad:
                    data["error"] = {"error_title": "Not today"}

        sender = self.env.registry["account.move.send"]
        with (
            patch.object(sender, "_get_default_sending_methods", lambda *_args: {"peppol"}),
            patch.object(sender, "_call_web_service_after_invoice_pdf_render", hand_over),
        ):
            self._send_on("2026-02-01 01:00:00", "2026-02-01 01:10:00")
        self.assertEqual(sorted(taken), [self.good.id, self.bad.id])
        self.assertEqual(self._state(self.good), (False, 0, False))
        self.assertIn("Not today", self.bad.fusion_send_error)

    def test_core_commits_nothing_while_a_run_sends_and_may_when_staff_do(self):
        may_commit = []

        def hand_over(sender, documents):
            [move] = documents
            may_commit.append((sender._can_commit(), move._can_commit()))

        with (
            patch.object(AccountMoveSend, "_can_commit", lambda _self: True),
            patch.object(AccountMove, "_can_commit", staticmethod(lambda: True)),
            patch.object(
                self.env.registry["account.move.send"],
                "_call_web_service_after_invoice_pdf_render",
                hand_over,
            ),
        ):
            self._send_on("2026-02-01 01:00:00")
            self.env["account.move.send"]._generate_and_send_invoices(self.good)
        self.assertEqual(may_commit, [(False, False), (True, True)])

    def test_only_plans_that_say_so_send_and_only_what_is_posted(self):
        for mode, hours in (("post", 0), ("draft", 0), ("send", 24)):
            self.plan.write({"invoice_mode": mode, "draft_hours": hours})
            move = self._billed()
            self._send_on("2026-02-01 12:00:00")
            self.assertFalse(self._mails(move), mode)
        self.assertEqual(move.state, "draft")
        self._bill_on("2026-02-02 00:00:01")
        self._send_on("2026-02-02 00:10:00")
        self.assertEqual((move.state, len(self._mails(move))), ("posted", 1))

    def test_r7_a_customer_without_e_mail_is_shown_and_stops_nobody(self):
        self._send_on("2026-02-01 01:00:00")
        good, bad = self.good, self.bad
        self.assertEqual((len(self._mails(good)), len(self._mails(bad))), (1, 0))
        self.assertEqual(self._state(bad)[:2], (True, 1))
        self.assertIn("no e-mail address", bad.fusion_send_error)
        self.assertFalse(bad.is_move_sent)
        self._send_on("2026-02-01 01:10:00")
        self.assertEqual(bad.fusion_send_attempts, 1, "not before its time")
        self.nobody.email = "found@example.com"
        self._send_on("2026-02-01 02:00:00")
        self.assertEqual((len(self._mails(bad)), self._state(bad)), (1, (False, 0, False)))
        self.assertEqual(len(self._mails(good)), 1)

    def test_a_way_that_is_not_possible_for_a_document_is_shown_as_a_failure(self):
        sender = self.env.registry["account.move.send"]
        with (
            patch.object(sender, "_get_default_sending_methods", lambda *_args: {"pigeon"}),
            patch.object(
                sender,
                "_is_applicable_to_move",
                lambda _self, way, move, **_data: way == "pigeon" and move == self.good,
            ),
        ):
            self._send_on("2026-02-01 01:00:00")
        self.assertEqual(
            (self.good.is_move_sent, self._state(self.good)), (True, (False, 0, False))
        )
        self.assertEqual((self.bad.is_move_sent, self._state(self.bad)[:2]), (False, (True, 1)))
        self.assertIn("You cannot send this to Nobody pigeon.", self.bad.fusion_send_error)

    def test_one_way_that_is_possible_is_enough(self):
        sender = self.env.registry["account.move.send"]
        with patch.object(sender, "_get_default_sending_methods", lambda *_args: {"email", "bird"}):
            self._send_on("2026-02-01 01:00:00")
        self.assertTrue(self.bad.is_move_sent)
        self.assertEqual([len(self._mails(move)) for move in (self.good, self.bad)], [1, 0])

    def test_documents_that_are_sent_manually_are_left_to_staff(self):
        self.nobody.write({"email": "found@example.com", "invoice_sending_method": "manual"})
        self._send_on("2026-02-01 01:00:00", "2026-02-09")
        self.assertFalse(self._mails(self.bad))
        self.assertFalse(self.bad.is_move_sent, "it stays in core's list of what is not sent")
        self.assertEqual(self._state(self.bad), (False, 0, False))
        self.assertIn("sent manually", self.bad.message_ids[0].body)
        self.assertTrue(self.good.is_move_sent)
        sender = self.env["account.move.send"]
        sender._generate_and_send_invoices(self.bad, sending_methods=["email"])
        self.assertEqual((self.bad.is_move_sent, len(self._mails(self.bad))), (True, 1))

    def test_what_an_authority_takes_is_handed_over_also_if_the_rest_is_manual(self):
        self.nobody.invoice_sending_method = "manual"
        sender = self.env.registry["account.move.send"]
        with patch.object(sender, "_get_default_extra_edis", lambda *_args: {"authority"}):
            self._send_on("2026-02-01 01:00:00")
        self.assertEqual((self.bad.is_move_sent, self._state(self.bad)), (True, (False, 0, False)))

    def test_r7_attempts_end_and_a_person_is_asked(self):
        move = self.bad
        for attempt in range(ATTEMPTS):
            self.assertFalse(move.activity_search([UNSENT]))
            self._send_on(f"2026-03-{3 * attempt + 4:02}")
        self.assertEqual(self._state(move)[:2], (False, ATTEMPTS))
        self.assertTrue(move.fusion_send_error)
        self.assertEqual(len(move.activity_search([UNSENT])), 1)
        self._send_on("2026-05-01")
        self.assertEqual(move.fusion_send_attempts, ATTEMPTS)
        self.nobody.email = "found@example.com"
        self.env["account.move.send"]._generate_and_send_invoices(move)
        self.assertEqual(self._state(move), (False, 0, False))
        self.assertFalse(move.activity_search([UNSENT]))

    def test_what_staff_have_sent_or_cancelled_is_not_sent_again(self):
        self.env["account.move.send"]._generate_and_send_invoices(self.good)
        self.nobody.email = "found@example.com"
        self._cancel(self.bad)
        self._send_on("2026-02-02")
        self.assertEqual([len(self._mails(move)) for move in (self.good, self.bad)], [1, 0])

    def test_a_run_that_is_killed_has_sent_nothing_of_its_batch_and_the_next_one_sends_it(self):
        self.nobody.email = "found@example.com"
        moves = self.good + self.bad
        note_sent = type(moves)._fusion_note_sent

        def die(records):
            note_sent(records)
            if records == moves:
                raise Killed

        with (
            patch.object(type(moves), "_fusion_note_sent", die),
            self.assertRaises(Killed),
            self.env.cr.savepoint(),
        ):
            self._send_on("2026-02-01 01:00:00")
        self.assertFalse(self._mails(moves))
        self._send_on("2026-02-01 01:10:00")
        self.assertEqual([len(self._mails(move)) for move in moves], [1, 1])

    def test_nobody_writes_when_a_document_is_sent(self):
        for values in ({"fusion_send_at": False}, {"fusion_send_error": "x"}):
            with self.assertRaises(UserError):
                self.good.write(values)
