"""Counters and customers from files, through Odoo's import: what the API would do with them."""

import csv
import io
from datetime import date, datetime

from openpyxl import Workbook

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged
from odoo.tools import file_open, mute_logger

from ..staff_case import StaffCase

USAGE, CUSTOMERS = "fusion.billing.usage", "fusion.billing.account.link"
HEAD = [
    "service_code",
    "subscription_external_id",
    "metric_code",
    "quantity",
    "period_start",
    "period_end",
    "idempotency_key",
    "value",
    "dimensions",
]
OPTIONS = {
    "has_headers": True,
    "quoting": '"',
    "separator": ",",
    "date_format": "",
    "datetime_format": "",
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
}


class ImportCase(StaffCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._link("acme")
        cls.subscription = cls._subscribe(
            fusion_service_id=cls.service.id, fusion_external_id="sub-42"
        )

    def _import(self, model, content, dryrun=False, user=None, file_type="text/csv", **options):
        """Load a file as the screen does: map its columns as they are suggested, and go on with
        the next batch until there is none.
        """
        files = self.env["base_import.import"].with_user(user or self.clerk)
        one = files.create({"res_model": model, "file": content, "file_type": file_type})
        options = {**OPTIONS, **options}
        preview = one.parse_preview(dict(options))
        self.assertNotIn("error", preview)
        paths = preview["matches"]
        columns = [
            "/".join(paths[n]) if n in paths else False for n in range(len(preview["headers"]))
        ]
        ids, done = [], {"nextrow": 0}
        while True:
            done = one.execute_import(
                columns, preview["headers"], {**options, "skip": done["nextrow"]}, dryrun
            )
            ids += done["ids"] or []
            if not done.get("nextrow") or done["messages"]:
                return ids, done["messages"]

    def _csv(self, *rows, head=HEAD):
        text = io.StringIO()
        csv.writer(text).writerows([head, *rows])
        return text.getvalue().encode()

    def _row(self, **cells):
        cells = {
            "service_code": "maps",
            "subscription_external_id": "sub-42",
            "metric_code": "api_calls",
            "quantity": "5",
            "period_start": "2026-01-10T00:00:00Z",
            "period_end": "2026-01-10T01:00:00Z",
            "idempotency_key": "k1",
            **cells,
        }
        return [cells.get(name, "") for name in HEAD]

    def _load(self, *rows, **options):
        return self._import(USAGE, self._csv(*rows), **options)

    def _sentences(self, *rows, **options):
        ids, messages = self._load(*rows, **options)
        self.assertFalse(ids)
        self.assertFalse(self._counters())
        return [message["message"] for message in messages]

    def _counters(self):
        return self.env[USAGE].search([("subscription_id", "=", self.subscription.id)], order="id")


@tagged("post_install", "-at_install")
class TestImportUsage(ImportCase):
    # === WHAT IS STORED === #

    def test_a_row_is_the_counter_that_an_app_would_have_pushed(self):
        ids, messages = self._load(
            self._row(quantity="123456789012345678.123456", value="ann", dimensions='{"a": 1}')
        )
        self.assertFalse(messages)
        counter = self._counters()
        self.assertEqual(counter.ids, ids)
        self.assertEqual(self._numeric_text(counter, "quantity"), "123456789012345678.123456")
        self.assertEqual((counter.value, counter.dimensions), ("ann", {"a": 1}))
        self.assertEqual(counter.period_start, datetime(2026, 1, 10))
        self.assertEqual(counter.source, self.clerk.login)
        self.assertEqual(counter.idempotency_key, "k1")
        self._rate()
        self.assertTrue(self._rating(self.subscription).amount)

    def test_u3_a_file_that_is_loaded_twice_changes_nothing(self):
        rows = [self._row(idempotency_key=f"k{n}", quantity=n) for n in range(1, 4)]
        first, _messages = self._load(*rows)
        self.env["fusion.billing.rating.request"].search([]).unlink()
        again, messages = self._load(*rows)
        self.assertFalse(messages)
        self.assertEqual(again, first)
        self.assertEqual(self._counters().mapped("quantity"), [1, 2, 3])
        self.assertFalse(self._counters().correction_ids)
        self.assertFalse(self.env["fusion.billing.rating.request"].search([]), "nothing to rate")

    def test_u3_another_quantity_replaces_the_counter_and_the_log_says_who_did(self):
        self._load(self._row())
        self._load(self._row(quantity="7"))
        self.assertEqual(self._counters().quantity, 7)
        correction = self._counters().correction_ids
        self.assertEqual((correction.quantity, correction.source), (5, self.clerk.login))

    def test_a_test_run_stores_nothing(self):
        ids, messages = self._load(self._row(), dryrun=True)
        self.assertTrue(ids)
        self.assertFalse(messages)
        self.assertFalse(self._counters())

    def test_r3_days_begin_in_the_billing_time_zone_and_times_are_utc(self):
        self._set_zone("America/Toronto")
        self._load(
            self._row(period_start="2026-01-10", period_end="2026-01-11"),
            self._row(period_start="2026-01-10 00:00:00", idempotency_key="k2"),
            user=self.clerk,
        )
        self.assertEqual(
            self._counters().mapped("period_start"),
            [datetime(2026, 1, 10, 5), datetime(2026, 1, 10)],
        )

    def test_days_and_numbers_are_read_as_the_reader_says_they_are_written(self):
        self._load(
            self._row(period_start="10/01/2026", period_end="11/01/2026", quantity="1.250,5"),
            date_format="%d/%m/%Y",
            float_thousand_separator=".",
            float_decimal_separator=",",
        )
        self.assertEqual(self._counters().period_start, datetime(2026, 1, 10))
        self.assertEqual(self._counters().quantity, 1250.5)

    def test_an_order_that_no_app_knows_is_named_by_its_number(self):
        order = self._subscribe()
        ids, _messages = self._load(self._row(service_code="", subscription_external_id=order.name))
        self.assertEqual(order.fusion_usage_ids.ids, ids)

    def test_batches_go_on_where_the_last_one_ended(self):
        rows = [self._row(idempotency_key=f"k{n}") for n in range(5)]
        ids, messages = self._load(*rows, limit=2)
        self.assertFalse(messages)
        self.assertEqual(self._counters().ids, ids)
        self.assertEqual(len(ids), 5)

    # === WHAT IS REFUSED === #

    def test_u2_one_bad_row_and_nothing_is_stored(self):
        self.assertEqual(
            self._sentences(self._row(), self._row(idempotency_key="k2", quantity="-1")),
            [
                "Line 3: “Quantity” must be a number that is not negative, with at most 18 digits"
                " before the point and 6 after it."
            ],
        )

    def test_every_bad_row_is_told_with_a_sentence(self):
        other = self._service("other")
        self._paused(fusion_service_id=self.service.id, fusion_external_id="paused")
        cases = {
            "“Idempotency Key” is missing.": {"idempotency_key": ""},
            "“Metric Code” is missing.": {"metric_code": " "},
            "“Subscription” is missing.": {"subscription_external_id": ""},
            "There is no such subscription of": {"subscription_external_id": "sub-7"},
            "There is no such subscription of a": {"service_code": other.code},
            "There is no service with this code": {"service_code": "maps-7"},
            "There is no subscription with this order number": {"service_code": ""},
            "There is no metric with this code": {"metric_code": "seats"},
            "The subscription is not billed at this time: it": {"period_start": "2025-12-31"},
            "The subscription is not billed at this": {"subscription_external_id": "paused"},
            "“Start” must be a day like": {
                "period_start": "2099-01-01",
                "period_end": "2099-01-02",
            },
            "“Start” must be a day": {"period_start": "10.1.26"},
            "“End” must be a day or a time, later": {"period_end": "2026-01-10"},
            "“Quantity” must be a number": {"quantity": "1e-7"},
            "“Quantity” must be a": {"quantity": "1,5"},
            "“Quantity” must be": {"quantity": "0.12345678"},
            "“Quantity” must": {"quantity": "NaN"},
            "“Value” must be a text of 1 to 255": {"value": "x" * 256},
            "“Dimensions” must be a JSON object": {"dimensions": "eu"},
            "“Dimensions” must be a JSON": {"dimensions": '{"a": [1]}'},
        }
        for sentence, cells in cases.items():
            with self.subTest(sentence):
                [told] = self._sentences(
                    self._row(), self._row(**{"idempotency_key": "k2", **cells})
                )
                self.assertTrue(told.startswith(f"Line 3: {sentence}"), told)

    def test_errors_are_told_by_column_with_the_lines_of_the_file(self):
        rows = [
            self._row(idempotency_key=f"k{n}", metric_code="seats", quantity="x" if n % 9 else "-1")
            for n in range(12)
        ]
        for options in ({}, {"limit": 100}):
            told = self._sentences(*rows, **options)
            self.assertEqual(len(told), 1, "a row that cannot be read is not looked up")
            self.assertTrue(
                told[0].startswith("Lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …: “Qu"), told
            )
        good = [self._row(idempotency_key=f"g{n}") for n in range(3)]
        _ids, [message] = self._load(*good, self._row(metric_code="seats"), limit=2)
        self.assertEqual(message["message"], "Line 5: There is no metric with this code.")
        self.assertEqual(message["field"], "metric_code")

    def test_u2_a_key_stands_once_in_a_file_wherever_its_batches_are_cut(self):
        rows = [self._row(), self._row(idempotency_key="k2"), self._row(quantity="7")]
        told = ["Line 4: An earlier row has the same idempotency key."]
        self.assertEqual(self._sentences(*rows), told)
        self.assertEqual(self._sentences(*rows, limit=1), told)

    def test_a_subscription_that_is_named_in_two_ways_is_one(self):
        number = self._row(service_code="", subscription_external_id=self.subscription.name)
        self.assertEqual(
            self._sentences(self._row(), number),
            ["Line 3: An earlier row has the same idempotency key."],
        )

    def test_numbers_of_a_spreadsheet_are_those_it_shows(self):
        self._load(self._row(quantity="0.30000000000000004"))
        self._load(self._row(quantity="1.5e+3", idempotency_key="k2"))
        numbers = [self._numeric_text(counter, "quantity") for counter in self._counters()]
        self.assertEqual(numbers, ["0.300000", "1500.000000"])

    def test_cells_of_a_workbook_are_days_instants_and_numbers(self):
        book, file = Workbook(), io.BytesIO()
        book.active.append(HEAD)
        cells = {"period_start": date(2026, 1, 10), "period_end": datetime(2026, 1, 10, 12)}
        book.active.append(self._row(**cells, quantity=0.1 + 0.2))
        book.active.append(self._row(idempotency_key=7, quantity=3, value=12))
        book.save(file)
        self._set_zone("America/Toronto")
        _ids, messages = self._import(USAGE, file.getvalue(), file_type=XLSX)
        self.assertFalse(messages)
        second, first = self._counters().sorted("idempotency_key")
        self.assertEqual(first.period_start, datetime(2026, 1, 10, 5))
        self.assertEqual(first.period_end, datetime(2026, 1, 10, 12))
        self.assertEqual(self._numeric_text(first, "quantity"), "0.300000")
        self.assertEqual((second.idempotency_key, second.value), ("7", "12"))

    def test_an_order_that_one_may_not_read_gets_nothing(self):
        self.env["ir.rule"].create(
            {
                "name": "None of these orders",
                "model_id": self.env.ref("sale.model_sale_order").id,
                "domain_force": f"[('id', '!=', {self.subscription.id})]",
            }
        )
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            self.env[USAGE].with_user(self.clerk).load(HEAD, [self._row()])

    def test_cells_that_are_no_texts_are_refused_like_others(self):
        for model, head in ((USAGE, HEAD), (CUSTOMERS, CUSTOMER_HEAD)):
            load = self.env[model].with_user(self.clerk).load
            for cell in ("a\0", "\ud800", [1], {"a": 1}, True, 7.5, float("nan"), '{"a": [' * 5000):
                done = load(head, [[cell] * len(head), [cell]])
                self.assertFalse(done["ids"])
                self.assertTrue(done["messages"])

    def test_only_billing_staff_load_counters_and_only_of_their_company(self):
        row = self._row()
        for user in (self.seller, self.portal):
            with self.assertRaises(AccessError):
                self.env[USAGE].with_user(user).load(HEAD, [row])
        abroad = self.env["res.company"].create({"name": "Abroad"})
        stranger = self._user(
            "stranger",
            "fusion_billing.group_user",
            company_id=abroad.id,
            company_ids=[(6, 0, abroad.ids)],
        )
        for cells in ({}, {"service_code": "", "subscription_external_id": self.subscription.name}):
            done = self.env[USAGE].with_user(stranger).load(HEAD, [self._row(**cells)])
            self.assertFalse(done["ids"])
        self.assertFalse(self._counters())

    def test_a_hundred_rows_take_as_many_queries_as_two(self):
        def queries(count):
            rows = [self._row(idempotency_key=f"{count}-{n}") for n in range(count)]
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertFalse(self.env[USAGE].with_user(self.clerk).load(HEAD, rows)["messages"])
            return self.env.cr.sql_log_count - before

        queries(12)
        self.assertEqual(queries(100), queries(20))

    def test_the_template_is_loaded_as_it_is(self):
        self.service.code = "nexacloud"
        self.subscription.name = "S00042"
        [template] = self.env[USAGE].get_import_templates()
        with (
            file_open(template["template"].removeprefix("/"), "rb") as file,
            freeze_time("2026-12-01"),
        ):
            ids, messages = self._import(USAGE, file.read(), file_type=XLSX)
        self.assertFalse(messages)
        self.assertEqual(self.env[USAGE].browse(ids).mapped("quantity"), [1250.5, 900, 75])
        self.assertEqual({*ids}, {*self._counters().ids})


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CUSTOMER_HEAD = ["service_code", "external_id", "name", "email", "vat", "country_code"]


@tagged("post_install", "-at_install")
class TestImportCustomers(ImportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk.group_ids += cls.env.ref("base.group_partner_manager")

    def _load(self, *rows, head=CUSTOMER_HEAD, **options):
        return self._import(CUSTOMERS, self._csv(*rows, head=head), **options)

    def _links(self, *names):
        return self.env[CUSTOMERS].search(
            [("service_id", "=", self.service.id), ("external_id", "in", names)], order="id"
        )

    def test_a_row_is_a_customer_as_an_app_would_have_registered_it(self):
        ids, messages = self._load(
            ["maps", "u1", "Umbrella", "u@example.com", "BE0477472701", "be"]
        )
        self.assertFalse(messages)
        link = self._links("u1")
        self.assertEqual(link.ids, ids)
        self.assertRecordValues(
            link.partner_id,
            [
                {
                    "name": "Umbrella",
                    "email": "u@example.com",
                    "country_code": "BE",
                    "is_company": True,
                    "company_id": self.company.id,
                }
            ],
        )

    def test_a_file_that_is_loaded_twice_changes_nothing(self):
        rows = [["maps", "u1", "Umbrella", "", "", ""], ["maps", "u2", "", "", "", "FR"]]
        first, _messages = self._load(*rows)
        count = self.env["res.partner"].search_count([])
        self.assertEqual(self._load(*rows), (first, []))
        self.assertEqual(self._load(rows[0], rows[0]), ([first[0]] * 2, []))
        self.assertEqual(self.env["res.partner"].search_count([]), count)

    def test_a_customer_that_is_linked_by_hand_stays_who_it_is(self):
        ids, messages = self._load(["maps", "acme", "Somebody else", "", "", ""])
        self.assertFalse(messages)
        self.assertEqual(ids, self._links("acme").ids)
        self.assertEqual(self.partner.name, "Acme Ltd")

    def test_one_bad_row_and_nothing_is_stored(self):
        self._load(["maps", "u1", "Umbrella", "", "", ""])
        cases = [
            (["maps", "u1", "Other", "", "", ""], "This customer was registered with other"),
            (["maps", "", "New", "", "", ""], "“External ID” is missing."),
            (["", "u3", "New", "", "", ""], "There is no service with this code"),
            (["maps", "u4", "New", "", "", "XX"], "“Country Code” must be a two-letter code"),
            (["maps", "u5", "x" * 256, "", "", ""], "“Name” must be a text of 1 to 255"),
        ]
        ids, messages = self._load(["maps", "u2", "New", "", "", ""], *[row for row, _ in cases])
        self.assertFalse(ids)
        self.assertFalse(self._links("u2", "u3", "u4", "u5"))
        told = " ".join(message["message"] for message in messages)
        for line, (_row, sentence) in enumerate(cases, 3):
            self.assertIn(f"Line {line}: {sentence}", told)

    def test_two_rows_that_say_different_things_of_one_customer_are_refused(self):
        _ids, messages = self._load(
            ["maps", "u1", "Umbrella", "", "", ""], ["maps", "u1", "Other", "", "", ""]
        )
        self.assertEqual([message["record"] for message in messages], [1])
        self.assertFalse(self._links("u1"))

    def test_what_a_contact_cannot_be_is_told_of_its_row(self):
        self.env["ir.rule"].create(
            {
                "name": "No contact is refused",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": "[('name', '!=', 'Refused')]",
                "perm_read": False,
            }
        )
        _ids, messages = self._load(
            ["maps", "u1", "Umbrella", "", "", ""], ["maps", "u2", "Refused", "", "", ""]
        )
        self.assertEqual([message["record"] for message in messages], [1])
        self.assertFalse(self._links("u1", "u2"))

    def test_who_may_not_create_contacts_registers_nobody(self):
        row = ["maps", "u1", "Umbrella"]
        load = self.env[CUSTOMERS].with_user(self._user("other", "fusion_billing.group_user")).load
        with self.assertRaises(AccessError):
            load(CUSTOMER_HEAD[:3], [row])

    def test_a_file_that_names_contacts_links_them(self):
        head = ["service_id", "external_id", "partner_id"]
        _ids, messages = self._load(["Maps", "u1", "Acme Ltd"], head=head)
        self.assertFalse(messages)
        self.assertEqual(self._links("u1").partner_id, self.partner)
        _ids, messages = self._load(["Maps", "u2", "Acme Ltd", "Acme"], head=[*head, "name"])
        self.assertEqual(
            messages[0]["message"], "These columns cannot be loaded with the others: name."
        )

    def test_the_template_is_loaded_as_it_is(self):
        self.service.code = "nexacloud"
        [template] = self.env[CUSTOMERS].get_import_templates()
        with file_open(template["template"].removeprefix("/"), "rb") as file:
            ids, messages = self._import(CUSTOMERS, file.read(), file_type=XLSX)
        self.assertFalse(messages)
        self.assertEqual(ids, self._links("acme", "umbrella").ids)
        self.assertEqual(self._links("umbrella").partner_id.country_code, "BE")
