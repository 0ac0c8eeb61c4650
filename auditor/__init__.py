"""Shows with evidence whether a local AI stack keeps what you give it on your machine."""

__version__ = "0.1.0"
