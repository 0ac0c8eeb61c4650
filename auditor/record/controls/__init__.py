"""The positive control: proof, before the app and after it, that what is sent from the box is seen.

Not the proof itself: whether each value was seen is derived from the journal by `auditor.classify.controls`.

Each channel of `channels` has two halves. `sending` and `openers` run in the box, open the socket and say
what needs no answer; `clients` and `quic` carry on the conversations that do. `rounds` puts them in order,
`program` is the stand-alone program of the second round.
"""
