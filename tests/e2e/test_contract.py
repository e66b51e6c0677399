"""The server does what its description says: example by example, and read by a stranger."""

from core.api.endpoints import ALL
from e2e.contract_case import ContractCase


class TestContract(ContractCase):
    """The tests share a world, and run in this order: by their names, the examples first."""

    def test_each_example_is_accepted_in_the_order_of_the_description(self):
        for endpoint in ALL:
            if endpoint.name == "advance_clock":
                continue  # its example is a day that is over
            with self.subTest(endpoint.name):
                response = self.send_example(endpoint)
                self.assertIn(response.status_code, (200, 201), response.text)

    def test_good_and_bad_requests_are_answered_as_described(self):
        """A1: each field left out, of each wrong type and at each bound; each verb, no key."""
        self.hold("coverage,fuzzing", "--max-examples=3", "--seed=1")

    def test_what_is_created_can_be_asked_for_by_the_links_of_its_answer(self):
        self.hold("stateful", "--max-examples=2", "--seed=1")
