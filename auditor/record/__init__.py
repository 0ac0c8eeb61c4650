"""Recording: the box, the internet in it, the observers, a driver, the control and the reference, in order.

Not judging: what it leaves behind is a run directory, and nothing else is passed on.
"""
