import pytest

from edge.kube.fault import Reason
from edge.kube.transitions import OF_REASON, TABLE, Happening, Pause, State

FAULTS = {Happening.EXPIRED, Happening.GARBLED, Happening.REFUSED, Happening.DELAYED, Happening.FAILED}


@pytest.mark.parametrize("state", list(State))
def test_every_fault_has_an_answer_in_every_state(state):
    assert {happening for (at, happening) in TABLE if at is state} >= FAULTS


def test_every_reason_of_a_fault_is_a_happening():
    assert set(OF_REASON) == set(Reason.__args__)
    assert set(OF_REASON.values()) == FAULTS


def test_no_fault_is_answered_without_a_pause():
    assert all(step.pause is not Pause.NONE for (_, happening), step in TABLE.items() if happening in FAULTS)


def test_only_410_and_what_cannot_be_read_lead_from_a_watch_back_to_a_list():
    back = {
        happening
        for (state, happening), step in TABLE.items()
        if state is State.WATCHING and step.next is State.LISTING
    }
    assert back == {Happening.EXPIRED, Happening.GARBLED}


def test_a_doubted_list_is_believed_only_through_a_second_one():
    assert TABLE[State.LISTING, Happening.DOUBTED].next is State.CONFIRMING
    assert (State.CONFIRMING, Happening.DOUBTED) not in TABLE


def test_from_every_state_every_other_can_be_reached():
    for start in State:
        reached = {start}
        while more := {step.next for (at, _), step in TABLE.items() if at in reached} - reached:
            reached |= more
        assert reached == set(State)
