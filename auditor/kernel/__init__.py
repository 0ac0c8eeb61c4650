"""Linux interfaces that Python does not wrap: namespaces, mounts, netlink, seccomp, sock_diag.

No policy: what to isolate and what to watch is decided by the packages above.
"""
