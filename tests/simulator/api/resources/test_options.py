"""Numbers among a request's options, as Go's strconv reads them."""

from __future__ import annotations

import pytest

from tests.simulator.api.client import Api

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=abc", 'strconv.ParseInt: parsing "abc": invalid syntax'),
        ("limit=%EF%BC%91", 'strconv.ParseInt: parsing "\uff11": invalid syntax'),
        ("limit=1_0", 'strconv.ParseInt: parsing "1_0": invalid syntax'),
        (f"limit={1 << 63}", f'strconv.ParseInt: parsing "{1 << 63}": value out of range'),
        (f"timeoutSeconds={10**30}&watch=1", f'strconv.ParseInt: parsing "{10**30}": value out of range'),
        (
            f"resourceVersion={1 << 64}",
            f'resourceVersion: Invalid value: "{1 << 64}": strconv.ParseUint: parsing "{1 << 64}": value out of range',
        ),
    ],
)
async def test_what_is_no_number_of_64_bits_is_a_bad_request(query: str, says: str) -> None:
    refused = await Api().call("GET", f"{MAPS}?{query}")
    assert (refused.status, refused.json()["message"]) == (400, says)
