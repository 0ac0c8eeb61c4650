"""Paired runs: whether what leaves depends on what was typed, where its content cannot be read.

Not the making of such runs: that is `auditor.record.pairs`.
"""
