from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.tests import freeze_time, tagged

from ..api_case import START, ApiCase

PDF = b"%PDF-1.4 what was sent"


@tagged("post_install", "-at_install")
class TestApiDocuments(ApiCase):
    """An app reads the documents that bill its customers' subscriptions, and no others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._charge(price_per_unit="0.5", included_quota=10)
        cls.subscription = cls._own_subscription("sub-42", products=[cls.fee_product])
        cls.fee_product.default_code = "pro"
        cls.fee = cls._billed_at("2026-01-01 01:00:00")

    @classmethod
    def _billed_at(cls, moment):
        """Bill what is due; return the documents that are made."""
        moves = cls.env["account.move"]
        before = moves.search([])
        with freeze_time(moment):
            cls.env["sale.order"]._fusion_cron_create_invoices()
        return moves.search([]) - before

    def _bill_usage(self, quantity=30):
        self._use(self.subscription, quantity)
        return self._billed_at("2026-02-01 01:00:00")

    def _listed(self, query=""):
        answer = self.assertOk(self.get(f"/invoices{query}"))
        return [one["invoice_id"] for one in answer["invoices"]]

    def _others(self, partner=None):
        """A subscription with a document, of a customer that the service does not know."""
        partner = partner or self.env["res.partner"].create({"name": "Theirs"})
        other = self._subscribe(START, [self.fee_product], partner_id=partner.id)
        return other, self._billed_at("2026-01-01 02:00:00")

    # === WHAT IS TOLD === #

    def test_a_document_is_told_as_in_webhooks_with_its_lines(self):
        shown = self.assertOk(self.get(f"/invoices/{self.fee.id}"))
        told = self.fee._fusion_describe_for(self.service)
        for name in ("invoice_date", "due_date"):
            told[name] = told[name].isoformat()
        self.assertEqual({name: shown[name] for name in told}, told)
        self.assertEqual(shown.keys() - told.keys(), {"lines", "lines_left_out"})
        self.assertFalse(shown["lines_left_out"])
        [line] = shown["lines"]
        row = self.subscription.fusion_rating_ids.filtered("item_id")[:1]
        self.assertEqual(
            {name: line[name] for name in ("kind", "product_code", "used", "settles")},
            {"kind": "fee", "product_code": "pro", "used": None, "settles": "49.00"},
        )
        self.assertEqual(line["subscription_external_id"], "sub-42")
        self.assertEqual(line["row_id"], row.id)
        self.assertEqual((line["period_start"], line["period_end"]), ("2026-01-01", "2026-02-01"))

    def test_a_line_of_usage_says_how_its_amount_comes_about(self):
        usage = self._bill_usage()
        shown = self.assertOk(self.get(f"/invoices/{usage.id}"))
        [line] = [line for line in shown["lines"] if line["kind"] == "usage"]
        rating = self._rating(self.subscription)
        self.assertEqual((line["metric_code"], line["used"]), ("api_calls", "30"))
        self.assertEqual((line["settles"], line["amount_untaxed"]), ("10.00", "10.00"))
        self.assertEqual((line["row_id"], line["breakdown"]), (rating.id, rating.breakdown))
        self.assertTrue(line["breakdown"]["lines"])
        total = sum(Decimal(line["amount_untaxed"]) for line in shown["lines"])
        self.assertEqual(total, Decimal(shown["amount_untaxed"]))

    def test_a_credit_note_of_staff_settles_nothing_and_one_that_reverses_gives_back(self):
        """L4."""
        concession = self.fee._reverse_moves()
        shown = self.assertOk(self.get(f"/invoices/{concession.id}"))
        self.assertEqual((shown["type"], shown["state"]), ("credit_note", "draft"))
        self.assertEqual((shown["lines"][0]["settles"], shown["lines"][0]["used"]), ("0.00", None))

    def test_a_draft_is_told_as_one(self):
        self.plan.invoice_mode = "draft"
        [draft] = self._bill_usage()
        shown = self.assertOk(self.get(f"/invoices/{draft.id}"))
        self.assertEqual((shown["state"], shown["number"]), ("draft", None))
        self.assertEqual(self._listed("?state=draft"), [draft.id])

    # === WHOSE THEY ARE === #

    def test_a_document_of_others_is_answered_like_one_that_does_not_exist(self):
        """U1."""
        _other, theirs = self._others()
        vendor_bill = self.env["account.move"].create({"move_type": "in_invoice"})
        nothing = self.get("/invoices/999999999").json()["error"]
        for name in (theirs.id, vendor_bill.id, 2**31, "x", "-1", "١", 0):
            for path in (f"/invoices/{name}", f"/invoices/{name}.pdf"):
                with self.subTest(path=path):
                    answer = self.assertError(self.get(path), 404, "not_found")
                    self.assertEqual(answer["error"], nothing)
        self.assertEqual(self._listed(), [self.fee.id])

    def test_an_invoice_of_no_subscription_is_not_told(self):
        plain = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner.id,
                "invoice_line_ids": [(0, 0, {"name": "Hardware", "price_unit": 5})],
            }
        )
        self.assertNotIn(plain.id, self._listed())
        self.assertError(self.get(f"/invoices/{plain.id}"), 404, "not_found")

    def test_lines_of_others_on_a_shared_document_are_left_out(self):
        """U1: its amounts are the document's, and it has no PDF without them."""
        self.service.sees_own_only = True
        customer = self.env["res.partner"].create({"name": "Two", "fusion_one_document": True})
        self._link("two", customer)
        own = self._own_subscription("sub-43", products=[self.fee_product], partner_id=customer.id)
        self._subscribe(START, [self.fee_product, self.setup_product], partner_id=customer.id)
        [shared] = self._billed_at("2026-01-01 03:00:00")
        free = {"name": "Nobody's", "price_unit": 7, "tax_ids": False}
        shared.button_draft()
        shared.invoice_line_ids = [(0, 0, free)]
        shared.action_post()
        shown = self.assertOk(self.get(f"/invoices/{shared.id}"))
        self.assertEqual([line["subscription_id"] for line in shown["lines"]], [own.id])
        self.assertEqual([one["subscription_id"] for one in shown["subscriptions"]], [own.id])
        self.assertTrue(shown["lines_left_out"])
        self.assertEqual(shown["amount_untaxed"], f"{shared.amount_untaxed:.2f}")
        self.assertNotIn("Nobody's", str(shown))
        self.assertError(self.get(f"/invoices/{shared.id}.pdf"), 404, "not_found")
        self.service.sees_own_only = False
        shown = self.assertOk(self.get(f"/invoices/{shared.id}"))
        self.assertFalse(shown["lines_left_out"])
        self.assertEqual(len(shown["lines"]), 4)

    # === LISTS === #

    def test_the_list_is_filtered(self):
        usage = self._bill_usage()
        self._link("else", self.env["res.partner"].create({"name": "Else"}))
        both = sorted([self.fee.id, usage.id])
        for query, expected in (
            ("", both),
            ("?external_customer_id=acme", both),
            ("?external_customer_id=else", []),
            ("?subscription_external_id=sub-42", both),
            (f"?subscription_id={self.subscription.id}", both),
            ("?from=2026-02-01", [usage.id]),
            ("?to=2026-02-01", [self.fee.id]),
            ("?from=2026-01-01&to=2026-02-02", both),
            ("?state=posted&payment_state=not_paid", both),
            ("?state=cancel", []),
            ("?payment_state=paid", []),
        ):
            with self.subTest(query=query):
                self.assertEqual(self._listed(query), expected)

    def test_what_a_list_is_asked_for_must_make_sense(self):
        other, _document = self._others()
        for query, code, field in (
            ("external_customer_id=nobody", "unknown_customer", "external_customer_id"),
            ("subscription_id=999999", "unknown_subscription", "subscription_id"),
            (f"subscription_id={other.id}", "unknown_subscription", "subscription_id"),
            (
                f"subscription_external_id={other.id}",
                "unknown_subscription",
                "subscription_external_id",
            ),
            (
                f"subscription_external_id={self.subscription.id}",
                "unknown_subscription",
                "subscription_external_id",
            ),
            ("subscription_id=x", "invalid_subscription_id", "subscription_id"),
            (
                "subscription_id=1&subscription_external_id=sub-42",
                "invalid_subscription_id",
                "subscription_id",
            ),
            ("from=2026-02-30", "invalid_from", "from"),
            ("to=now", "invalid_to", "to"),
            ("state=open", "invalid_state", "state"),
            ("payment_state=posted", "invalid_payment_state", "payment_state"),
            ("limit=0", "invalid_limit", "limit"),
            ("changed_since=now", "invalid_changed_since", "changed_since"),
            ("offset=1", "unknown_field", "offset"),
        ):
            with self.subTest(query=query):
                self.assertError(self.get(f"/invoices?{query}"), 400, code, field)

    def test_a_subscription_without_a_name_is_found_by_the_digits_of_its_id(self):
        plain = self._subscribe(START, [self.fee_product])
        [document] = self._billed_at("2026-01-01 04:00:00")
        self.assertEqual(self._listed(f"?subscription_external_id={plain.id}"), [document.id])

    def test_pages_follow_the_ids(self):
        usage = self._bill_usage()
        first = self.assertOk(self.get("/invoices?limit=1"))
        second = self.assertOk(self.get(f"/invoices?limit=1&cursor={first['next_cursor']}"))
        found = [page["invoices"][0]["invoice_id"] for page in (first, second)]
        self.assertEqual(found, sorted([self.fee.id, usage.id]))
        self.assertIsNone(second["next_cursor"])

    def test_a_payment_is_a_change(self):
        self.env.flush_all()
        past = fields.Datetime.now() - timedelta(days=2)
        self.env.cr.execute("UPDATE account_move SET write_date = %s", [past])
        self.env.invalidate_all()
        since = f"?changed_since={past + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
        self.assertEqual(self._listed(since), [])
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.fee.ids
        ).create({})._create_payments()
        self.env.flush_all()
        self.assertEqual(self._listed(since), [self.fee.id])

    def test_more_documents_and_lines_take_no_more_queries(self):
        self.remember_keys()
        for path in ("/invoices", "/ledger"):
            with self.subTest(path=path):
                self._bill_more(2)
                few = self._count_queries(path)
                self._bill_more(5)
                self.assertLessEqual(self._count_queries(path), few)

    def _bill_more(self, number):
        for _position in range(number):
            extra = self._subscribe(START, [self.fee_product, self.setup_product])
            self._use(extra, 20)
        self._billed_at("2026-02-01 05:00:00")

    def _count_queries(self, path):
        self.get(path)
        before = self.cr.sql_log_count
        self.assertOk(self.get(path))
        return self.cr.sql_log_count - before

    # === PDF === #

    def _send(self, move):
        """Keep a PDF as core does when it sends a document."""
        self.env["ir.attachment"].create(
            {
                "name": "INV.pdf",
                "raw": PDF,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        move.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])

    def test_the_pdf_is_the_one_that_was_sent(self):
        self._send(self.fee)
        response = self.get(f"/invoices/{self.fee.id}.pdf")
        self.assertEqual((response.status_code, response.content), (200, PDF))
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(self.send("HEAD", f"/invoices/{self.fee.id}.pdf").content, b"")

    def test_without_the_program_that_makes_pdfs_the_answer_says_so(self):
        reports = type(self.env["ir.actions.report"])
        with patch.object(reports, "get_wkhtmltopdf_state", lambda _self: "install"):
            response = self.get(f"/invoices/{self.fee.id}.pdf")
        self.assertError(response, 501, "pdf_unavailable")

    def test_a_draft_has_no_pdf(self):
        self.plan.invoice_mode = "draft"
        draft = self._bill_usage()
        self.assertError(self.get(f"/invoices/{draft.id}.pdf"), 400, "invalid_state")
