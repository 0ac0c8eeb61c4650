"""Rules over a classified case: `load_rules`, `judge` and `run_rule_tests` in the modules beside this one.

Not an observer: nothing in here opens a socket, starts a process or looks at the machine it runs on.
"""
