"""The marker inside a prompt: short, readable, copied by small models, and found nowhere else.

Not the search for it in traffic: that is `auditor.classify`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

ONSETS = "bdfgjklmnprstvwz"
VOWELS = "aeiou"
CODAS = "klmnrst"
PATTERNS = ((ONSETS, VOWELS, CODAS, ONSETS, VOWELS), (ONSETS, VOWELS, ONSETS, VOWELS, CODAS))
"""Two syllables: `velka`, `tovin`."""
RARE = frozenset("fgjkvwz")
"""A word holds at least two of these, which few words of European languages do."""


def make_marker(rng: Random) -> str:
    """A new marker of 42 bits, such as `velka-zofin-4821`.

    Two pronounceable words of five letters and four digits: lower case, so that it survives apps that
    change case; `-` and digits, so that a spelling correction leaves it alone.
    """
    return f"{make_word(rng)}-{make_word(rng)}-{rng.randrange(10_000):04}"


def make_word(rng: Random) -> str:
    """A word of five letters that few texts hold: one of some 23,000."""
    while True:
        word = "".join(rng.choice(letters) for letters in rng.choice(PATTERNS))
        if sum(letter in RARE for letter in word) >= 2:
            return word


def contains_marker(text: str, marker: str) -> bool:
    r"""Whether a text shows a marker, however it was wrapped, quoted or set in capitals.

    >>> contains_marker("It is called VELKA-\n  | zofin-4821!", "velka-zofin-4821")
    True
    """
    wanted = _letters_and_digits(marker)
    return bool(wanted) and wanted in _letters_and_digits(text)


def _letters_and_digits(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
