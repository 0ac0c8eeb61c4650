"""The packet capture: who each frame belonged to, and contacts that nothing but the capture saw.

Not a dissector: that is `auditor.parse.packet`.
"""
