from __future__ import annotations

from random import Random

import pytest

from auditor.drivers.prompts import built_in
from auditor.model.observation import AnswerReceived
from auditor.model.observation import ReferenceRan
from auditor.record.reference_run import run_reference
from auditor.reference.model_file import model_path

pytestmark = [
    pytest.mark.box,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


def test_plain_inference_answers_in_the_box_and_leaves_nothing_running(box, journal, written):
    run_reference(box, journal, model_path(), built_in(Random(1)))
    (ran,) = written(ReferenceRan)
    assert ran.error == ""
    assert ran.tokens_per_second > 0
    answers = written(AnswerReceived)
    assert [(answer.role, answer.index) for answer in answers] == [("reference", n) for n in (1, 2, 3)]
    assert sum(answer.contains_marker for answer in answers) >= 2
    assert box.process_count() == 0


def test_a_model_that_is_none_is_an_error_in_the_journal_and_no_exception(box, journal, written, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(1000))
    run_reference(box, journal, broken, built_in(Random(1)))
    (ran,) = written(ReferenceRan)
    assert ran.error
    assert box.process_count() == 0
