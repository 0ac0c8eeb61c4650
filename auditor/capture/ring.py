"""A TPACKET_V3 ring on an AF_PACKET socket: frames through shared memory, a block at a time.

Not the file they end in. The layout is Documentation/networking/packet_mmap.rst and linux/if_packet.h.
"""

from __future__ import annotations

import mmap
import socket
import struct
from collections.abc import Iterator
from typing import Final

from auditor.kernel import bpf

BLOCK: Final = 1 << 20
"""Bytes in a block; longer than any frame, also than a 64 KiB segment that was to be cut up."""
_FRAME = 2048
_RETIRE_MS = 20
"""A block that is not full is handed over after this time."""

_SOL_PACKET = 263
_RX_RING, _STATISTICS, _VERSION = 5, 6, 10
_TPACKET_V3 = 2
_SO_ATTACH_FILTER = 26

_STATUS_OFFSET = 8
_BLOCK_HEAD = struct.Struct("@II")  # number of packets, offset of the first; behind version, private, status
_STATUS = struct.Struct("@I")
_FRAME_HEAD = struct.Struct("@IIIIIIH")  # next, seconds, nanoseconds, captured, original, status, offset
_OURS, _KERNELS = 1, 0

_AD_PACKET_TYPE = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_OUTGOING = 4
_WHOLE = 1 << 18


def frame_filter(*, tcp_snap: int, loopback: bool) -> bytes:
    """Keep `tcp_snap` bytes of TCP frames and all of the rest; on loopback each frame only once.

    Bodies of TCP connections are recorded where they are understood; everything else is only here.
    """
    once: list[bpf.Step] = [bpf.load_word(_AD_PACKET_TYPE), bpf.when_equal(_OUTGOING, then="drop")]
    steps: list[bpf.Step] = [
        *(once if loopback else []),
        bpf.load_half(12),
        bpf.when_equal(0x0800, then="ipv4"),
        bpf.when_equal(0x86DD, otherwise="whole"),
        bpf.load_byte(20), bpf.when_equal(socket.IPPROTO_TCP, then="snap", otherwise="whole"),
        "ipv4", bpf.load_byte(23), bpf.when_equal(socket.IPPROTO_TCP, then="snap", otherwise="whole"),
        "snap", bpf.give(tcp_snap),
        "whole", bpf.give(_WHOLE),
        "drop", bpf.give(0),
    ]  # fmt: skip
    return bpf.assemble(steps)


class Ring:
    """The receiving end of one interface."""

    def __init__(self, packet_socket: socket.socket, *, blocks: int, code: bytes) -> None:
        """Set the filter and map the ring; frames that arrived before are discarded.

        Raises:
            OSError: no memory for it, or the kernel has no TPACKET_V3 (before Linux 3.2).
        """
        self._socket = packet_socket
        self._blocks = blocks
        fprog = bpf.as_fprog(code)
        packet_socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog.header)
        packet_socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        # struct tpacket_req3: block size and count, frame size and count, retire timeout, private, features
        request = struct.pack(
            "@7I", BLOCK, blocks, _FRAME, BLOCK // _FRAME * blocks, _RETIRE_MS, 0, 0
        )  # fmt: skip
        packet_socket.setsockopt(_SOL_PACKET, _RX_RING, request)
        self._memory = memoryview(mmap.mmap(packet_socket.fileno(), BLOCK * blocks))
        self._next = 0
        # The kernel counts what came before there was a ring as dropped; reading sets it to zero.
        packet_socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        self._delivered = 0
        self._dropped = 0

    def fileno(self) -> int:
        """For poll."""
        return self._socket.fileno()

    def clear_error(self) -> None:
        """Take note that the interface went down, so that poll does not report it for ever."""
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def blocks(self) -> Iterator[Iterator[tuple[int, int, memoryview]]]:
        """Blocks that are ready, each as frames: nanoseconds since the epoch, true length, data.

        The data is gone when the next block is asked for.
        """
        for _ in range(self._blocks):
            base = self._next * BLOCK
            if not _STATUS.unpack_from(self._memory, base + _STATUS_OFFSET)[0] & _OURS:
                return
            yield self._frames(base)
            _STATUS.pack_into(self._memory, base + _STATUS_OFFSET, _KERNELS)
            self._next = (self._next + 1) % self._blocks

    def _frames(self, base: int) -> Iterator[tuple[int, int, memoryview]]:
        memory, unpack = self._memory, _FRAME_HEAD.unpack_from
        count, offset = _BLOCK_HEAD.unpack_from(memory, base + _STATUS_OFFSET + 4)
        at = base + offset
        for _ in range(count):
            following, seconds, nanoseconds, captured, original, _, start = unpack(memory, at)
            data = memory[at + start : at + start + captured]
            yield seconds * 1_000_000_000 + nanoseconds, original, data
            at += following

    def counts(self) -> tuple[int, int]:
        """Frames put into the ring, and frames for which it had no room, since the beginning."""
        raw = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        packets, drops, _ = struct.unpack("@III", raw)
        # Reading sets the kernel's counters to zero; its first one includes the drops.
        self._delivered += packets - drops
        self._dropped += drops
        return self._delivered, self._dropped
