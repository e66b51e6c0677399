"""What was measured beside what it is to be: medians, printed as they come."""

from statistics import median

from devtools.console import say

ALLOWANCE = 0.1  # a figure that is missed by more than this share fails


class Report:
    """The figures of a run, and those that were missed."""

    def __init__(self):
        self.missed: list[str] = []

    def figure(self, what: str, figure: float, unit: str) -> None:
        print(f"{what:<66} {figure:>12,.2f} {unit}", flush=True)

    def at_least(self, what: str, figures: list[float], required: float, unit="×") -> None:
        """The median of the rounds is to reach a figure."""
        reached = median(figures)
        self._compare(what, reached, f"{unit} (at least {required:g})")
        if reached < required * (1 - ALLOWANCE):
            self.missed.append(f"{what}: {reached:.2f} instead of at least {required:g}")

    def at_most(self, what: str, figures: list[float], allowed: float, unit="×") -> None:
        """The median of the rounds is to stay below a figure."""
        reached = median(figures)
        self._compare(what, reached, f"{unit} (at most {allowed:g})")
        if reached > allowed * (1 + ALLOWANCE):
            self.missed.append(f"{what}: {reached:.2f} instead of at most {allowed:g}")

    def _compare(self, what: str, figure: float, unit: str) -> None:
        self.figure(f"  {what}", figure, unit)

    def verdict(self) -> int:
        """Say what was missed; return the exit status."""
        for failure in self.missed:
            say(f"MISSED: {failure}")
        return 1 if self.missed else 0


def ratios(ours: list[float], theirs: list[float]) -> list[float]:
    """Round by round: what else the machine does slows both sides of a round."""
    return [own / other for own, other in zip(ours, theirs, strict=True)]
