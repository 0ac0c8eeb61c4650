"""The reference: a plain llama.cpp inference, to show what "nothing leaves" looks like.

Not a judgement of any app, and not a claim about llama.cpp beyond this run.
"""
