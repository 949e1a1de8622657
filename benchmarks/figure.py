"""One line of `make figures`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure: its source, name, the expected value as printed there, and what we get."""

    source: str
    name: str
    expected: str
    got: float

    @property
    def difference(self) -> float:
        return self.got - float(self.expected)

    @property
    def allowed(self) -> float:
        """Half a unit of the last printed digit; 1e-9 relative where the value is printed in full."""
        decimals = len(self.expected.partition(".")[2])
        return 0.5000001 * 10.0**-decimals if decimals <= 6 else 1e-9 * max(1.0, abs(float(self.expected)))

    @property
    def fits(self) -> bool:
        return abs(self.difference) <= self.allowed
