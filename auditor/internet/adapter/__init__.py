"""The proxy library, embedded: the only package that touches the internals of mitmproxy (11.0.2 and 12.x).

Its master, addons and options are not used: no listener, no upstream, no files in the home directory.
"""
