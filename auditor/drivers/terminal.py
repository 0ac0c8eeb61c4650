"""What a program wrote to a terminal, as a reader would quote it.

Not a terminal emulator: text that was overwritten or painted elsewhere on the screen stays in order.
"""

from __future__ import annotations

import re

# ECMA-48: CSI sequences, OSC strings up to BEL or ST, and the two-character escapes.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def readable(output: bytes) -> str:
    """Text without escape sequences and control characters."""
    text = _ESCAPES.sub("", output.decode(errors="replace"))
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def answer_in(output: bytes, prompt: str) -> str:
    """What a program wrote, less the prompt itself.

    Many programs show the prompt again before they answer; that must not count as an answer.
    """
    pattern = r"\s+".join(re.escape(word) for word in prompt.split())
    text = readable(output)
    return (re.sub(pattern, "", text) if pattern else text).strip()
