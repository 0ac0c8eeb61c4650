"""A llama.cpp server on a free port of the loopback: `python server.py MODEL`, prints `READY URL`.

Run as a child process only, and never imported: the engine ends its process when the processor lacks
an instruction, and may hang when it is torn down early.
"""

from __future__ import annotations

import os
import signal
import sys

STOP = {signal.SIGINT, signal.SIGTERM}
CONTEXT = 1024
"""Tokens; more than the built-in prompts need, and what the shipped model was trained on."""


def main() -> None:
    """Serve until a signal asks to stop."""
    # Before the engine starts its threads: they inherit the mask, and `sigwait` gets the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    import xllamacpp  # noqa: PLC0415 - see above

    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.ui = params.endpoint_slots = False
    params.cache_ram_mib = 0  # otherwise prompts stay in memory for later
    params.offline = True
    params.verbosity = 1  # errors only, on stderr
    server = xllamacpp.Server(params)
    print("READY", server.listening_address, flush=True)  # noqa: T201 - the parent reads it
    signal.sigwait(STOP)
    # The engine's destructors can wait for ever on a server that was never asked anything.
    os._exit(0)


if __name__ == "__main__":
    main()
