from __future__ import annotations

import signal

import pytest

from auditor import interrupts
from auditor.errors import Interrupted

SIGNALS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Interrupted, signal.SIGHUP: Interrupted}


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    interrupts.install()
    yield
    interrupts.install()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "error"), SIGNALS.items())
def test_a_signal_raises_at_once(number, error):
    with pytest.raises(error):
        signal.raise_signal(number)


@pytest.mark.parametrize(("number", "error"), SIGNALS.items())
def test_held_it_waits_until_the_end_of_the_block(number, error):
    done = []
    with pytest.raises(error), interrupts.held():  # noqa: PT012 - the end of the block raises
        signal.raise_signal(number)
        done.append("the block")
    assert done == ["the block"]
    with pytest.raises(error):
        signal.raise_signal(number)


def test_the_second_does_not_wait():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.held():  # noqa: PT012
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        done.append("never")
    assert done == []


def test_an_error_of_the_block_is_not_covered_by_a_signal():
    with pytest.raises(ZeroDivisionError), interrupts.held():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError


def test_without_a_signal_nothing_happens():
    with interrupts.held():
        pass
    interrupts.release()


def test_installed_held_they_wait_for_the_release():
    interrupts.install(held=True)
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Interrupted) as caught:
        interrupts.release()
    assert caught.value.number == signal.SIGTERM
    interrupts.release()


@pytest.mark.parametrize("number", SIGNALS)
def test_what_the_caller_ignores_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    interrupts.install()
    signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_IGN
