"""A document of about 400 words that nobody wrote before: ordinary English, each sentence recognisable alone.

Not the search for it: that is `auditor.classify`. Each sentence holds an invented name, which is one of
23,000, a number and at least one more choice: 27 bits, and a wording that stands nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.markers import make_word

if TYPE_CHECKING:
    from random import Random

MARKER = "{marker}"
OPENING = f"Minutes of the project {MARKER}, taken by {{name}} in room {{number}} of the {{building}}."
SENTENCES = (
    "{name} reported that the delivery of {number} {goods} from {name} had reached the {building} on {day}.",
    "The invoice of {number} euros for the {goods} will be paid by {name} before the end of {month}.",
    "It was agreed that {name} speaks to the {office} about the {number} missing {goods}.",
    "Because the {building} is closed in {month}, the next meeting is at {name}'s on {day} the {ordinal}.",
    "The {office} asked for {number} copies of the plan, which {name} is going to print.",
    "{name} does not want to sell the {goods} for less than {number} euros and will say so on {day}.",
    "A visitor called {name} left {number} {goods} at the door of the {building}.",
    "The doctor told {name} to take {number} drops each evening until {month}.",
    "According to {name}, the lock of the {building} opens with the number {number}.",
    "On {day} the {office} will look at the {goods} in the cellar, and {name} has key number {number}.",
    "{name} lent {number} euros to {name}, to be given back in {month}.",
    "The {goods} have to be counted again, since {name} found {number} more of them behind the {building}.",
    "A letter from the {office}, number {number}, was opened by {name} and answered on {day}.",
    "For the journey in {month}, {name} booked {number} nights near the {building}.",
    "{name} would rather not tell the {office} why {number} {goods} were burnt.",
    "The password of the {building} is now {name} followed by {number}.",
    "In {month} the rent for the {building} rises to {number} euros, which {name} finds too much.",
    "{name} has asked a lawyer called {name} to read all {number} pages by {day}.",
    "Nobody but {name} knows that the {goods} are worth {number} euros.",
    "The bank put back {number} euros to the account of {name} after the mistake of the {office}.",
    "{name} leaves the company in {month} and hands {number} {goods} over to {name}.",
    "Somebody from the {office} rang {name} at {number} minutes to midnight about the {goods}.",
    "The two keys of the {building} lie under stone {number} in the garden of {name}.",
    "At the end {name} thanked all {number} helpers and invited them to the {building} on {day}.",
)
CHOICES: dict[str, tuple[str, ...]] = {
    "building": (
        "boathouse", "old mill", "north wing", "town library", "bakery", "greenhouse", "station",
        "summer house", "workshop", "chapel", "warehouse", "observatory", "cinema", "school kitchen",
        "harbour office", "barn",
    ),
    "goods": (
        "copper pipes", "wool blankets", "oak boards", "glass jars", "violins", "paint tins", "seed bags",
        "radios", "clay pots", "maps", "lanterns", "bicycles", "typewriters", "tea chests", "curtains",
        "stamps",
    ),
    "office": (
        "tax office", "insurance", "land registry", "fire brigade", "parish council", "customs",
        "water board", "housing office", "post office", "health department", "county archive", "savings bank",
    ),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "month": ("January", "March", "April", "May", "June", "August", "September", "October", "December"),
    "ordinal": ("second", "fifth", "eighth", "eleventh", "fourteenth", "nineteenth", "twenty-third"),
}  # fmt: skip
"""Plain words for the gaps; `{name}` is an invented one, `{number}` has three or four digits."""


def make_document(rng: Random, marker: str) -> str:
    """A new document on one line; `marker` names the project that it is about."""
    sentences = [_filled(OPENING.replace(MARKER, marker), rng)]
    sentences += [_filled(form, rng) for form in rng.sample(SENTENCES, len(SENTENCES))]
    return " ".join(sentences)


def _filled(form: str, rng: Random) -> str:
    text = ""
    for piece in form.split("{"):
        gap, closed, rest = piece.partition("}")
        text += _choice(gap, rng) + rest if closed else piece
    return text


def _choice(gap: str, rng: Random) -> str:
    if gap == "name":
        return make_word(rng).capitalize()
    return str(rng.randrange(200, 9800)) if gap == "number" else rng.choice(CHOICES[gap])
