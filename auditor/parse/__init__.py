"""Decoders: bytes in, values out, ValueError on bad input, every size bounded.

No I/O, and no opinion about what the values mean.
"""
