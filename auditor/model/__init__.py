"""The nouns of the program: frozen dataclasses that every other package passes around.

No I/O, no third-party imports, no behaviour beyond what a value can answer about itself.
"""
