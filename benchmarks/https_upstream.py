"""Stand-alone: a small HTTPS server on the loopback for the rival proxy to reach: `https_upstream.py PEM`.

Not measured itself. Prints its port.
"""

from __future__ import annotations

import http.server
import ssl
import sys


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "12")
        self.end_headers()
        self.wfile.write(b'{"status":1}')
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main(pem: str) -> None:
    """Serve for ever."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
