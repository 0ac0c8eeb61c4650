from __future__ import annotations

import doctest
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.parse import host_name


def test_examples_in_the_documentation_hold():
    assert doctest.testmod(host_name).failed == 0


@pytest.mark.parametrize(
    ("name", "ascii_"),
    [
        ("example.com", "example.com"),
        ("B\u00fccher.example", "xn--bcher-kva.example"),
        ("\u0440\u0430\u0443\u0440\u0430l.com", "xn--l-7sba6dbr.com"),  # looks like paypal, in Cyrillic
        ("a\u202eb.example", "xn--ab-g4t.example"),
    ],
)
def test_look_alikes_are_told_apart(name, ascii_):
    assert host_name.to_ascii(name) == ascii_


def test_a_label_that_no_name_can_have_costs_no_time():
    label = "".join(map(chr, range(0x4E00, 0x9E00)))
    began = time.process_time()
    assert host_name.to_ascii(label).startswith("\\u4e00")
    assert host_name.to_unicode("xn--" + "a" * 20_000) == "xn--" + "a" * 20_000
    assert time.process_time() - began < 1


@given(st.text(max_size=80))
def test_any_name_has_a_spelling(name):
    assert host_name.to_ascii(name).isascii()
    host_name.to_unicode(name)
    host_name.to_unicode(f"xn--{name}")
