"""QUIC and HTTP/3 of the box's clients, ended here like TLS over TCP, with aioquic.

Not a proxy layer: no mitmproxy in here, and no sockets.
"""
