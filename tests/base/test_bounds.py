"""Numbers and days that nobody can mean: a sentence says so, and no error of the database."""

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.base.bounded import Day, Exact, Whole
from ..world_case import MADE_OF, WorldCase

NUMBERS = ("integer", "float", "monetary")
DAYS = ("date", "datetime")
TOO_MUCH = (2**31, -(2**31) - 1, 10**19, 10**400, 1e300, -1e300)
NO_NUMBER = (float("inf"), float("-inf"), float("nan"), "many", "1e999", "NaN")
FAR = ("0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31")
SETTINGS = "res.config.settings"


@tagged("post_install", "-at_install")
class TestBounds(WorldCase):
    def _fields_of(self, types):
        """What people may fill in: `[(model, field)]`."""
        models = [name for name in MADE_OF if name.startswith("fusion.billing.")]
        manager = self.users["manager"]
        return [
            (model, field)
            for model in (*models, SETTINGS)
            for field in self.env[model]._fields.values()
            if field.type in types
            and not field.readonly
            and (model != SETTINGS or field.name.startswith("fusion_"))
            and (model == SETTINGS or self.env[model].with_user(manager).has_access("write"))
        ]

    def _record(self, model):
        if model == SETTINGS:
            return self.env[model].create({})
        manager = self.users["manager"]
        if self.env[model].is_transient():  # a dialog is of whom opened it
            return self._as(manager, self.env[model]).create(self._new(model, manager))
        return self._as(manager, self.home[model])

    @mute_logger("odoo.sql_db")
    def _says(self, act):
        """What an action says when it refuses; empty if it does not."""
        with self.env.cr.savepoint() as savepoint:
            try:
                act()
                self.env.flush_all()
            except IntegrityError as error:
                return error.diag.constraint_name
            except UserError as error:
                return str(error)
            finally:
                savepoint.rollback()
                self.env.invalidate_all()
        return ""

    def test_every_number_that_people_fill_in_has_bounds(self):
        fields = self._fields_of(NUMBERS)
        self.assertGreater(len(fields), 25)
        without = [str(field) for _model, field in fields if not isinstance(field, Exact | Whole)]
        self.assertFalse(without)

    def test_m3_a_number_out_of_bounds_is_refused_with_a_sentence(self):
        for model, field in self._fields_of(NUMBERS):
            for value in (*TOO_MUCH, *NO_NUMBER):
                record = self._record(model)
                if value in TOO_MUCH[:2] and isinstance(field, Exact):
                    continue
                with self.subTest(model=model, field=field.name, value=str(value)[:20]):
                    self.assertRegex(
                        self._says(lambda: record.write({field.name: value})),  # noqa: B023
                        "must|cannot",
                    )

    def test_a_new_record_keeps_to_the_bounds_too(self):
        manager = self.users["manager"]
        for model, field in self._fields_of(NUMBERS):
            if model != SETTINGS and not self._may_create(manager, model):
                continue
            vals = {} if model == SETTINGS else self._new(model, manager)
            create = self._record(model).create
            for value in (10**19, float("nan")):
                with self.subTest(model=model, field=field.name, value=str(value)[:20]):
                    self.assertRegex(
                        self._says(lambda: create({**vals, field.name: value})),  # noqa: B023
                        "must|cannot",
                    )

    def test_a_dialog_that_is_being_filled_in_says_so(self):
        dialog = self.env["fusion.billing.item.wizard"]
        with self.assertRaisesRegex(UserError, "Quantity must be a number"):
            dialog.onchange({"quantity": 1e300}, ["quantity"], {"quantity": {}, "price_unit": {}})

    def test_searching_for_a_number_out_of_bounds_finds_nothing(self):
        usage = self.env["fusion.billing.usage"]
        self.assertFalse(usage.search([("quantity", ">", 1e30)]))

    def test_the_sentence_names_the_field_and_the_bounds(self):
        plan, charge = self.home["fusion.billing.plan"], self.home["fusion.billing.charge"]
        for record, vals, sentence in (
            (plan, {"draft_hours": 2**40}, "Hold Drafts For must be a whole number from"),
            (
                charge,
                {"included_quota": 10**18},
                "Included Quota must be a number with at most 18 digits before the point.",
            ),
        ):
            self.assertIn(sentence, self._says(lambda: record.write(vals)))  # noqa: B023

    def test_large_amounts_of_money_are_no_mistake(self):
        """A million rials buys a coffee."""
        charge = self.home["fusion.billing.charge"]
        charge.write(
            {"price_per_unit": 999_999_999_999, "minimum_amount": "123456789012.0000000001"}
        )
        self.env.flush_all()
        self.assertEqual(
            charge.version_id._read_exact(["price_per_unit"])[charge.version_id.id][
                "price_per_unit"
            ],
            999_999_999_999,
        )

    def test_every_day_that_people_fill_in_is_of_this_century(self):
        fields = self._fields_of(("date",))
        self.assertFalse([str(field) for _model, field in fields if not isinstance(field, Day)])
        for name in ("fusion_start_date", "fusion_anchor_date", "fusion_end_date"):
            quotation = self.home["sale.order"].copy()
            for day in (*FAR, "tomorrow"):
                with self.subTest(name, day=day):
                    self.assertRegex(
                        self._says(lambda: quotation.write({name: day})),  # noqa: B023
                        "must be a day in a year from 2000 to 2099.",
                    )

    def test_a_day_that_is_far_off_breaks_nothing(self):
        for model, field in self._fields_of(DAYS):
            record = self._record(model)
            for day in FAR:
                value = f"{day} 00:00:00" if field.type == "datetime" else day
                with self.subTest(model=model, field=field.name, day=day):
                    self._says(lambda: self._look(record, {field.name: value}))  # noqa: B023

    def _look(self, record, vals):
        record.write(vals)
        record.read()
        if record.is_transient() and record._name != SETTINGS:
            self._press(record)

    def _press(self, dialog):
        """Confirm a dialog: each has one method for that."""
        generic = {"action_archive", "action_unarchive"}
        for name in {name for name in dir(type(dialog)) if name.startswith("action_")} - generic:
            getattr(dialog, name)()

    def test_the_longest_overlap_and_the_longest_retention_work(self):
        service = self.home["fusion.billing.service"].id
        for model, vals in (
            ("fusion.billing.api.key.wizard", {"expire_others": True}),
            ("fusion.billing.webhook.secret.wizard", {}),
        ):
            wizards = self._as(self.users["manager"], self.env[model])
            _least, most = wizards._fields["overlap_hours"].between
            wizards.create({"service_id": service, "overlap_hours": most, **vals}).action_generate()
        settings = self.env[SETTINGS]
        _least, most = settings._fields["fusion_webhook_retention_days"].between
        settings.create({"fusion_webhook_retention_days": most}).execute()
        self.env["fusion.billing.webhook.delivery"]._gc_done()
