"""How outcomes are compared, and how reasons explain them."""

import asyncio

import pytest

from loadtests.differential.__main__ import ACCEPTED, chosen
from loadtests.differential.comparing import Difference, Outcome, Reason, compare, read_reasons, statuses, unexplained
from loadtests.differential.endpoint import Message, Recorder

GET = Message("GET", "/", "a", b"")
PASSED, REFUSED = Outcome((200,), (GET,), False), Outcome((400,), (), True)


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [
        (PASSED, PASSED, ""),
        (REFUSED, PASSED, "stricter"),
        (PASSED, REFUSED, "laxer"),
        (PASSED, Outcome((200,), (Message("GET", "/x", "a", b""),), False), "otherwise"),
        (PASSED, Outcome((200, 200), (GET, GET), False), "otherwise"),
        (REFUSED, Outcome((505,), (), True), "refused"),
        (REFUSED, Outcome((400,), (Message("POST", "/", "a", None),), True), ""),
    ],
)
def test_outcomes_differ_by_what_the_endpoint_took_for_whole_requests(ours, theirs, kind):
    assert compare(ours, theirs) == kind


def test_a_difference_without_a_reason_and_a_reason_without_a_difference_are_both_found():
    differences = [
        Difference("nginx", "stricter", "lines: a", REFUSED, PASSED),
        Difference("haproxy", "stricter", "lines: a", REFUSED, PASSED),
        Difference("nginx", "refused", "lines: b", REFUSED, REFUSED),
    ]
    mine, idle = Reason("nginx", "stricter", "lines: *", "why"), Reason("both", "laxer", "*", "why")
    assert unexplained(differences, [mine, idle]) == (differences[1:2], [idle])


def test_only_final_answers_count():
    assert statuses(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nHTTP/1.0 404 N\r\n\r\n") == (200, 404)


def test_the_accepted_differences_are_about_cases_that_exist():
    names = [f"{case.file}: {case.name}" for case in chosen("")]
    assert len(names) > 200
    for reason in read_reasons(ACCEPTED):
        found = [n for n in names if reason.explains(Difference(reason.peer, reason.kind, n, REFUSED, PASSED))]
        assert reason.peer == "both" or found, reason


def test_a_line_that_is_no_reason_is_said(tmp_path):
    file = tmp_path / "accepted.txt"
    file.write_text("# fine\n\nnginx | better | x | why\n")
    with pytest.raises(ValueError, match=r"accepted\.txt, line 3: expected `peer \| kind \| case \| reason`"):
        read_reasons(file)


async def test_the_endpoint_records_requests_whole_unfinished_and_not_understood():
    recorder = Recorder()
    await recorder.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
    writer.write(b"POST /a HTTP/1.1\r\nHost: A\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK")
    writer.write(b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx")
    while len(recorder.messages) < 2:  # noqa: ASYNC110 (an unfinished message is not answered)
        await asyncio.sleep(0)
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
    writer.write(b"BAD\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    first, second, third = recorder.take()
    assert (first, second) == (Message("POST", "/a", "a", b"abc"), Message("POST", "/b", "a", None))
    assert third.target.startswith("not understood")
    recorder.close()
