"""What the guides repeat is written from the declarations, and lint sees what is stale."""

import re
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from core.api import codes
from core.api.endpoints import ALL
from core.api.events import EVENTS
from devtools import docs

GUIDE = "Before.\n<!-- generated: errors -->\nold\n<!-- end -->\nAfter.\n"


class TestDocs(unittest.TestCase):
    def test_what_stands_around_a_generated_part_is_left_alone(self):
        text = docs.generated(GUIDE)
        self.assertTrue(text.startswith("Before.\n<!-- generated: errors -->\n"))
        self.assertTrue(text.endswith("<!-- end -->\nAfter.\n"))
        self.assertNotIn("\nold\n", text)

    def test_written_again_it_is_the_same(self):
        text = docs.generated(GUIDE)
        self.assertEqual(docs.generated(text), text)

    def test_every_code_stands_in_the_table_with_its_status(self):
        rows = re.findall(r"^\| (\d{3}) \| `(\S+)` \| .+\.? \|$", docs.errors(), re.M)
        expected = {(str(one.status), code) for code, one in codes.CODES.items()}
        self.assertEqual(set(rows) - {("400", "invalid_<field>")}, expected)
        self.assertEqual(rows, sorted(rows, key=lambda row: row[0]))

    def test_every_endpoint_stands_in_the_table(self):
        table = docs.endpoints()
        for endpoint in ALL:
            self.assertIn(f"| `{endpoint.verb} {endpoint.path}` | {endpoint.summary} |", table)

    def test_every_field_of_every_event_stands_in_its_table(self):
        for event in EVENTS:
            table = docs.make(f"event {event.type}")
            for name in event.data["properties"]:
                self.assertIn(f"| `{name}` |", table)

    def test_objects_inside_are_shown_by_their_path(self):
        self.assertIn("| `threshold.kind` |", docs.event("usage.threshold_reached"))
        self.assertIn("| `subscriptions[].external_id` |", docs.event("invoice.paid"))

    def test_a_cell_breaks_no_table(self):
        for part in ("endpoints", "errors", "usage-event", "event invoice.paid"):
            lines = docs.make(part).splitlines()
            self.assertEqual({line.count(" | ") for line in lines}, {2}, part)

    def test_a_stale_guide_is_named_and_mended(self):
        with tempfile.TemporaryDirectory() as folder:
            guide = Path(folder, "guide.md")
            guide.write_text(GUIDE)
            with patch.object(docs, "GUIDES", (guide,)), patch.object(docs, "ROOT", Path(folder)):
                self.assertEqual(list(docs.stale()), [guide])
                docs.write()
                self.assertEqual(list(docs.stale()), [])

    def test_every_event_of_the_guide_for_webhooks_has_its_table(self):
        text = docs.GUIDES[1].read_text()
        parts = set(re.findall(r"<!-- generated: event (\S+) -->", text))
        shown = {id(event.data) for event in EVENTS if event.type in parts}
        self.assertEqual(shown, {id(event.data) for event in EVENTS})
