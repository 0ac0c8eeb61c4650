"""What the box believes is the internet: names, connections, answers; and what was seen of each.

Nothing here opens a connection to anywhere.
"""
