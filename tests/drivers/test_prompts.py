"""Prompts carry their markers."""

from __future__ import annotations

from random import Random

from auditor.drivers.prompts import FORMS
from auditor.drivers.prompts import built_in
from auditor.drivers.prompts import from_texts
from auditor.drivers.prompts import write_script


def test_each_has_a_marker_of_its_own():
    prompts = built_in(Random(1), len(FORMS))
    assert [prompt.index for prompt in prompts] == [1, 2, 3, 4]
    assert len({prompt.marker for prompt in prompts}) == 4
    assert all(prompt.text.count(prompt.marker) >= 1 for prompt in prompts)
    assert not any("{" in prompt.text for prompt in prompts)


def test_the_users_own_words_are_kept():
    with_place, without = from_texts(["Tell {canary} about {canary} {x}", "Hello"], Random(1))
    assert with_place.text == f"Tell {with_place.marker} about {with_place.marker} {{x}}"
    assert (without.text, without.marker, without.canary) == ("Hello", "", "prompt-2")


def test_without_a_document_all_prompts_are_short():
    script = write_script(Random(1), command=["app", "{prompt}"])
    assert (script.prompts, script.document) == (script.short, "")
    assert len(script.prompts) == 3


def test_the_document_is_the_last_prompt_and_asks_for_its_own_marker():
    script = write_script(Random(1), command=["app"], ask_document=True)
    *short, last = script.prompts
    assert tuple(short) == script.short
    assert last.text.startswith(script.document)
    assert last.marker in script.document
    assert (last.index, last.canary) == (4, "prompt-4")


def test_a_command_that_takes_one_prompt_takes_the_document():
    (only,) = write_script(Random(1), command=["app", "{prompt}"], ask_document=True).prompts
    assert len(only.text.split()) > 300


def test_a_document_in_a_file_leaves_the_prompts_alone():
    script = write_script(Random(1), command=["app", "--notes={document_file}"])
    assert script.prompts == script.short
    assert script.document


def test_for_a_command_that_is_run_once_the_file_is_the_prompt():
    script = write_script(Random(1), command=["app", "{document_file}"], argv=True)
    (only,) = script.prompts
    assert only.text == script.document
    assert only.marker in only.text
    both = write_script(Random(1), command=["app", "{document_file}", "{prompt}"], argv=True)
    assert both.prompts == both.short
