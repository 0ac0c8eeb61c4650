"""The search for everything that was planted: encodings undone, digests, pieces, whole places.

Not what a sighting means: that is `auditor.judge`.
"""
