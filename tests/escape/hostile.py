"""Runs inside the box and misbehaves: `hostile.py KIND [ARGUMENT]...`. Stand-alone, standard library alone."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

COLLECTOR = "203.0.113.9"


def fork_bomb() -> None:
    """Twice as many with every round; without the rest they would keep each other from forking."""
    while True:
        with contextlib.suppress(OSError):
            os.fork()
        time.sleep(0.05)


def thread_bomb() -> None:
    while True:
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()


def fill_disk(path: str) -> None:
    with open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))


def flood_output(size: str) -> None:
    line = b"0123456789abcde\n" * 4096
    for _ in range(int(size) // len(line)):
        sys.stdout.buffer.write(line)


def reuse_descriptors(processes: str, rounds: str) -> None:
    """Several programs at once; four threads of each open, connect and close the same few numbers."""
    children = [
        subprocess.Popen([sys.executable, "-S", "-B", __file__, "reuse_in_threads", str(number), rounds])
        for number in range(int(processes))
    ]
    for child in children:
        child.wait()


def reuse_in_threads(number: str, rounds: str) -> None:
    def run(thread: int) -> None:
        for each in range(int(rounds)):
            with socket.socket() as sock:
                sock.settimeout(30)
                sock.connect((COLLECTOR, 10_000 + 1000 * int(number) + 250 * thread + each))
            os.close(os.open("/dev/null", os.O_RDONLY))

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def hold_sockets(count: str) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held = []
    for number in range(int(count)):
        held.append(socket.socket())
        held[-1].settimeout(60)
        held[-1].connect((COLLECTOR, 20_000 + number))
    print("held", len(held), flush=True)


def block_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    print("deaf", flush=True)
    while True:
        time.sleep(1)


def wait_for_the_end() -> None:
    """A daemon of nobody's that speaks only when it is told to end."""
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)

    def speak(*_: object) -> None:
        with socket.create_connection((COLLECTOR, 30_000), 5) as line:
            line.sendall(b"last words")
        Path("last-words.txt").write_text("last words")
        os._exit(0)

    signal.signal(signal.SIGTERM, speak)
    print("waiting", flush=True)
    while True:
        signal.pause()


def main() -> None:
    kind, *arguments = sys.argv[1:]
    {each.__name__: each for each in KINDS}[kind](*arguments)


KINDS = (
    fork_bomb, thread_bomb, fill_disk, flood_output, reuse_descriptors, reuse_in_threads, hold_sockets, block_signals,
    wait_for_the_end,
)  # fmt: skip

if __name__ == "__main__":
    main()
