"""The shipped model copies markers it has never seen."""

from __future__ import annotations

from random import Random

import pytest

from auditor.drivers.prompts import FORMS
from auditor.drivers.prompts import from_texts
from auditor.model.observation import AnswerReceived
from auditor.reference.model_file import model_path
from auditor.reference.run import run_reference


@pytest.mark.parametrize("form", FORMS)
def test_nineteen_of_twenty(plain_box, form):
    answers = []
    run_reference(
        model=model_path(),
        prompts=from_texts([form] * 20, Random(form)),
        box=plain_box,
        parent_env={},
        write=answers.append,
    )
    assert sum(what.contains_marker for what in answers if isinstance(what, AnswerReceived)) >= 19
