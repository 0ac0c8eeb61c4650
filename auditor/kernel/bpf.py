"""A small assembler for classic BPF (Documentation/networking/filter.rst), as seccomp and AF_PACKET take it.

Not a compiler: one function for each instruction that our filters use, jumps to named labels, nothing else.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from typing import Final

MAX_INSTRUCTIONS: Final = 4096
"""BPF_MAXINSNS, linux/bpf_common.h."""
_MAX_JUMP = 255
_NEXT = ""

# linux/bpf_common.h: class | size or operation | mode or source
_LOAD_WORD = 0x00 | 0x00 | 0x20
_LOAD_HALF = 0x00 | 0x08 | 0x20
_LOAD_BYTE = 0x00 | 0x10 | 0x20
_AND = 0x04 | 0x50
_JUMP = 0x05
_JUMP_EQUAL = 0x05 | 0x10
_JUMP_AT_LEAST = 0x05 | 0x30
_RETURN = 0x06


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction whose jumps are still names."""

    code: int
    value: int = 0
    then: str = _NEXT
    """Label to jump to when a comparison holds; empty for the next instruction."""
    otherwise: str = _NEXT


Step = Instruction | str
"""An instruction, or the name of the place where it stands."""


def load_word(offset: int) -> Instruction:
    """Load four bytes into the accumulator."""
    return Instruction(_LOAD_WORD, offset)


def load_half(offset: int) -> Instruction:
    """Load two bytes."""
    return Instruction(_LOAD_HALF, offset)


def load_byte(offset: int) -> Instruction:
    """Load one byte."""
    return Instruction(_LOAD_BYTE, offset)


def mask(value: int) -> Instruction:
    """Keep only the bits of `value`."""
    return Instruction(_AND, value)


def jump(label: str) -> Instruction:
    """Go on at `label`, at any distance."""
    return Instruction(_JUMP, 0, label)


def when_equal(value: int, then: str = _NEXT, otherwise: str = _NEXT) -> Instruction:
    """Compare the accumulator with `value`; a label may be 255 instructions away."""
    return Instruction(_JUMP_EQUAL, value, then, otherwise)


def when_at_least(value: int, then: str = _NEXT, otherwise: str = _NEXT) -> Instruction:
    """Compare the accumulator with `value`, unsigned."""
    return Instruction(_JUMP_AT_LEAST, value, then, otherwise)


def give(value: int) -> Instruction:
    """End with `value`."""
    return Instruction(_RETURN, value)


def assemble(steps: list[Step]) -> bytes:
    """Turn steps into an array of `struct sock_filter` in native byte order.

    Raises:
        ValueError: a label is unknown, defined twice, behind its jump or too far away.
    """
    places: dict[str, int] = {}
    instructions: list[Instruction] = []
    for step in steps:
        if isinstance(step, Instruction):
            instructions.append(step)
        elif step in places:
            raise ValueError(f"label {step!r} is defined twice")
        else:
            places[step] = len(instructions)
    if not 0 < len(instructions) <= MAX_INSTRUCTIONS:
        raise ValueError(f"a filter has 1 to {MAX_INSTRUCTIONS} instructions, not {len(instructions)}")
    return b"".join(_encode(index, each, places) for index, each in enumerate(instructions))


def _encode(index: int, instruction: Instruction, places: dict[str, int]) -> bytes:
    then = _distance(index, instruction.then, places)
    if instruction.code == _JUMP:
        return struct.pack("=HBBI", _JUMP, 0, 0, then)
    otherwise = _distance(index, instruction.otherwise, places)
    if max(then, otherwise) > _MAX_JUMP:
        raise ValueError(f"instruction {index} jumps further than {_MAX_JUMP}")
    return struct.pack("=HBBI", instruction.code, then, otherwise, instruction.value & 0xFFFFFFFF)


def _distance(index: int, label: str, places: dict[str, int]) -> int:
    if label == _NEXT:
        return 0
    if label not in places:
        raise ValueError(f"no label {label!r}")
    if places[label] <= index:
        raise ValueError(f"label {label!r} is not ahead of its jump")
    return places[label] - index - 1


@dataclass(frozen=True, slots=True)
class Program:
    """A `struct sock_fprog` together with the memory that it points into."""

    header: bytes
    code: ctypes.Array[ctypes.c_char]


def as_fprog(code: bytes) -> Program:
    """Wrap assembled code for `seccomp(2)` or `SO_ATTACH_FILTER`; keep the result alive during the call."""
    memory = ctypes.create_string_buffer(code, len(code))
    return Program(struct.pack("@HP", len(code) // 8, ctypes.addressof(memory)), memory)
