"""How much work one place deserves, so that neither a bomb nor a puzzle holds up a judgement.

Not a clock: work is counted in bytes, so that every run ends the same.
"""

from __future__ import annotations

from dataclasses import dataclass

BASE = 20 << 20
"""Bytes of readings that even the smallest body may unfold to."""

READINGS = 6
"""How many times its size a body commonly unfolds to, all readings together."""

HONEST_RATIO = 16
"""Compression that text reaches; bombs reach 1,000."""


@dataclass(slots=True)
class Budget:
    """Work that may still be done for one place."""

    left: int
    credit: int = 0
    """What honest compression may add to it."""
    earning: int = READINGS
    """Bytes of readings that one byte of honest content deserves."""
    cut: bool = False
    """Something was left undone."""
    broken_off: bool = False
    """A stream inside a window went on after it."""

    def take(self, wanted: int) -> bool:
        """Spend, or note that it is spent."""
        if wanted > self.left:
            self.cut = True
            return False
        self.left -= wanted
        return True

    def earn(self, size: int) -> None:
        """Content of a compressed body deserves the work of a plain one, as long as it is no bomb."""
        earned = min(self.earning * size, self.credit)
        self.credit -= earned
        self.left += earned


def budget_for(size: int) -> Budget:
    """Room for every customary nesting of a body of `size` bytes, and little more for a bomb."""
    return Budget(left=BASE + READINGS * size, credit=READINGS * HONEST_RATIO * size)
