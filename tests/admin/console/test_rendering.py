from datetime import UTC, datetime

from edge.admin.console.rendering import moment, tone


def test_an_unknown_state_is_not_coloured_as_good():
    assert [tone(state) for state in ("connected", "connecting", "tls_error", "new-state")] == [
        "good",
        "waiting",
        "bad",
        "bad",
    ]


def test_another_day_is_shown_with_its_date():
    assert moment(datetime(2020, 2, 3, 4, 5, tzinfo=UTC)) == "2020-02-03 04:05"
