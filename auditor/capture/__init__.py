"""Observers that write down what happens in the box and never judge it."""
