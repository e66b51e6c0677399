"""What the cells of a file say: exactly what they show, or nothing."""

from unittest import TestCase

from core.api.cells import iso_moment, plain_number, read_day, shown_number

#: No numbers, though they are long, or made of digits.
NONE = ("1.2.3000000000", "1.0000000.0", "٣.٠٠٠٠٠٠٠٠١", "0.12345x78", "1,250.0000000")


class TestNumbers(TestCase):
    def test_separators_are_taken_out_where_they_separate(self):
        for text, separators, plain in (
            ("1,250.5", ",.", "1250.5"),
            ("1.250,5", ".,", "1250.5"),
            ("1 234 567", " .", "1234567"),
            ("1250.5", ",.", "1250.5"),
            ("12,345,678", ",.", "12345678"),
            ("123,456", ",.", "123456"),
            ("0,5", ".,", "0.5"),
        ):
            with self.subTest(text):
                self.assertEqual(plain_number(text, *separators), plain)

    def test_a_number_that_is_written_otherwise_stays_as_it_is(self):
        for text in ("1,5", "1,25,000", "1250,000", ",250", "12,34"):
            with self.subTest(text):
                self.assertEqual(plain_number(text, ",", "."), text)

    def test_without_thousands_only_the_point_is_read(self):
        self.assertEqual(plain_number("1250,5", "", ","), "1250.5")

    def test_a_spreadsheet_s_binary_noise_is_not_read(self):
        self.assertEqual(shown_number("0.30000000000000004"), "0.3")
        self.assertEqual(shown_number("1234.5600000000002"), "1234.56")
        self.assertEqual(shown_number("2.0000001"), "2.0000001")
        self.assertEqual(shown_number("1234567890.123456"), "1234567890.123456")

    def test_every_digit_that_somebody_wrote_stays(self):
        for text in (
            "12345678901234.567",
            "0.12345678",
            "1.0000000000000001",
            "1250.5",
            "abc",
            "",
            *NONE,
        ):
            with self.subTest(text):
                self.assertEqual(shown_number(text), text)

    def test_scientific_numbers_are_exact(self):
        self.assertEqual(shown_number("1.5e+3"), "1500")
        self.assertEqual(shown_number("1E-7"), "0.0000001")
        self.assertEqual(shown_number("1e+16"), "10000000000000000")
        self.assertEqual(shown_number("1e999"), "1e999")


class TestMoments(TestCase):
    def test_what_the_api_reads_stays_as_it_is(self):
        for text in (
            "2026-11-01",
            "2026-11-01T00:00:00Z",
            "2026-11-01 10:30",
            "2026-11-01T00:00+05",
        ):
            with self.subTest(text):
                self.assertEqual(iso_moment(text, ["%Y-%d-%m"]), text)

    def test_other_ways_to_write_are_those_that_people_chose(self):
        formats = ["%d/%m/%Y %H:%M", "%d/%m/%Y"]
        self.assertEqual(iso_moment("02/11/2026", formats), "2026-11-02")
        self.assertEqual(iso_moment("02/11/2026 10:30", formats), "2026-11-02T10:30:00")
        self.assertEqual(iso_moment("11/30/2026", formats), "11/30/2026")
        self.assertEqual(iso_moment("soon", ["%", "", None]), "soon")

    def test_a_day_is_a_date_of_the_calendar(self):
        self.assertEqual(read_day("2026-02-28").day, 28)
        for text in ("2026-02-30", "2026-02-28T00:00:00Z", "1999-01-01", "28.2.26"):
            with self.subTest(text):
                self.assertIsNone(read_day(text))
