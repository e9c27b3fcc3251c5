"""When an endpoint was connected to, asked and answered."""

from edge.gateway.telemetry.observation import Observation


def times(observed: Observation) -> tuple[float | None, float | None, float | None, int | None]:
    return observed.connect_seconds, observed.header_seconds, observed.seconds, observed.status


def test_a_new_connection_and_an_answer_in_pieces() -> None:
    observed = Observation()
    assert times(observed) == (None, None, None, None)
    observed.connect(1.0)
    observed.send(3.0)
    observed.answer(7.0, 200)
    assert times(observed) == (2.0, 4.0, None, 200)
    observed.end(15.0)
    assert times(observed) == (2.0, 4.0, 12.0, 200)


def test_what_counts_is_the_last_endpoint() -> None:
    observed = Observation()
    observed.connect(1.0)
    observed.send(2.0)
    observed.answer(3.0, 500)
    observed.connect(4.0)
    assert times(observed) == (None, None, None, None)
    observed.send(5.0)
    assert times(observed) == (1.0, None, None, None)
    observed.send(6.0)
    observed.answer(6.5, 204)
    assert times(observed) == (None, 0.5, None, 204), "over an idle connection"
