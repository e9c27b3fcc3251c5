import pytest

from edge.gateway.actions.varying import with_vary


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ([], [b"Origin"]),
        ([b"Accept"], [b"Accept", b"Origin"]),
        ([b"accept, ORIGIN"], [b"accept, ORIGIN"]),
        ([b"Accept", b"origin"], [b"Accept", b"origin"]),
        ([b"*"], [b"*"]),
    ],
)
def test_a_name_is_added_once(said, says):
    fields = with_vary([(b"x-a", b"1"), *((b"vary", value) for value in said)], b"Origin")
    assert [value for name, value in fields if name == b"vary"] == says
    assert (b"x-a", b"1") in fields
