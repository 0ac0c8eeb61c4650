"""The stdin driver with chats, filters and programs that do neither."""

from __future__ import annotations

from auditor.drivers.stdin import drive
from auditor.model.markers import contains_marker

CHAT = """
import sys
print("Welcome.")
while True:
    sys.stdout.write("> "); sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        break
    print("You said", line.split()[-1], "and", line)
"""


def shown(stage):
    return {
        prompt.index: contains_marker(text, prompt.marker)
        for prompt in stage.prompts
        for index, text, _ in stage.only("answer")
        if index == prompt.index
    }


def test_talks_line_by_line(stage):
    on = stage(CHAT.replace("line.split()[-1]", "[w for w in line.split() if '-' in w]"))
    drive(on)
    assert shown(on) == {1: True, 2: True, 3: True}
    assert on.phases == ["start", "idle", "prompt", "settle"]
    assert not on.app_running()


def test_closes_the_input_of_a_filter(stage):
    on = stage("""
        import sys
        words = sys.stdin.read().split()
        print([w for w in words if "-" in w])
    """)
    drive(on)
    assert shown(on) == {1: True}


def test_the_prompt_shown_again_is_no_answer(stage):
    on = stage("""
        import sys
        for line in sys.stdin:
            print(">>", line, flush=True)
    """)
    drive(on)
    assert shown(on) == {1: False, 2: False, 3: False}


def test_slow_answers_belong_to_their_prompts(stage):
    slow = CHAT.replace("line.split()[-1]", "[w for w in line.split() if '-' in w]")
    on = stage(slow.replace('    print("You', '    import time; time.sleep(0.4)\n    print("You'))
    drive(on)
    assert shown(on) == {1: True, 2: True, 3: True}


def test_an_app_that_ends_at_once(stage):
    on = stage("print('no')")
    drive(on)
    [(index, text, error)] = on.only("answer")
    assert (index, text) == (1, "")
    assert error in ("The app does not read its standard input any more.", "The app ended without an answer.")


def test_an_app_that_reads_but_never_answers(stage):
    on = stage("import sys, time; sys.stdin.readline(); time.sleep(60)")
    drive(on)
    assert on.only("answer") == [(1, "", "The app wrote nothing within 3 s of its prompt.")]
