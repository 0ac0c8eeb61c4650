"""Stand-alone: generates tokens with the reference's engine on demand: `generate.py SERVER MODEL PORT`.

Runs the same inside the box and outside; knows nothing of either. Listens on PORT of the loopback; greets
the one connection that it takes with a line, and answers each line on it with a generation, of which the
speed is told as JSON: `{"tokens", "engine_s", "wall_s"}`. The end of the connection ends it.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time

TOKENS = 400
"""A generation: tenths of a second, so that both sides of a round meet the same machine."""
QUESTION = "Write a long letter about a walk by the sea."


def main(script: str, model: str, port: str) -> None:
    """Serve until nobody asks any more."""
    argv = [sys.executable, "-P", script, model]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            engine = int(server.stdout.readline().rpartition(b":")[2])
            with socket.create_server(("127.0.0.1", int(port))) as listener, listener.accept()[0] as asker:
                asker.sendall(b"ready\n")
                while asker.recv(1024):
                    asker.sendall(json.dumps(_generate(engine)).encode() + b"\n")
        finally:
            server.terminate()


def _generate(port: int) -> dict[str, float]:
    wanted = {"prompt": QUESTION, "n_predict": TOKENS, "ignore_eos": True, "temperature": 0}
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", "/completion", json.dumps(wanted), {"Content-Type": "application/json"})
    timings = json.load(connection.getresponse())["timings"]
    connection.close()
    return {
        "tokens": timings["predicted_n"],
        "engine_s": timings["predicted_ms"] / 1000,
        "wall_s": time.monotonic() - began,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
