"""Requests by chance, very many: the server does what its description says."""

from e2e.contract_case import ContractCase

SEEDS = (1, 2, 3)


class LongContract(ContractCase):
    def test_requests_of_three_seeds_are_answered_as_described(self):
        """A1."""
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.hold("fuzzing,stateful", f"--seed={seed}", "--max-examples=30")
