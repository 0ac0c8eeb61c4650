"""From observations to facts: who contacted whom, what for, and what of the planted values was in it.

Pure derivations over a run directory: no system is touched, and the same directory gives the same case.
"""
