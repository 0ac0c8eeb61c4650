"""The box: namespaces, a network of our own, overlays, trust, identity, and the app started inside.

Not the internet that the box sees, and not the observers: those are `auditor.internet` and
`auditor.capture`, which are handed the box's sockets.
"""
