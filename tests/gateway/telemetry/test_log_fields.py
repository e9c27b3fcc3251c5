"""Chosen fields of access lines, and clients that try to write lines of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.telemetry.log_fields import FIELDS, FIELDS_LIMIT, SECRET, TEXT_LIMIT, Choice, problem, text
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import GET, OK
from tests.gateway.serving import serving


def logged(tmp_path: Path, request: bytes, *fields: str, answer: bytes = OK) -> dict[str, Any]:
    path = tmp_path / "access.log"
    dialogue = Dialogue(serving("10.0.0.1:80"), access_log=str(path), access_log_fields=fields)
    client = dialogue.client()
    client.says(request)
    if dialogue.connecting:
        dialogue.wait(0.25)
        upstream = dialogue.accepts()
        dialogue.wait(0.5)
        upstream.says(answer)
    dialogue.wait(1)
    (line,) = path.read_bytes().splitlines()
    dialogue.path.access_log.close()
    assert line.isascii() or line.decode().isprintable()
    found = json.loads(line)
    assert tuple(found) == fields, "all of them, in their order"
    return dict(found)


def test_every_field_has_a_value(tmp_path: Path) -> None:
    request = (
        b"POST /a?token=secret HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 4\r\nReferer: https://a.example/\r\n"
        b"User-Agent: curl/8\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\nbody"
    )
    found = logged(tmp_path, request, *FIELDS)
    assert re.fullmatch("[0-9a-f]{32}", found.pop("request_id"))
    assert found.pop("time") > 1_700_000_000
    assert found == {
        "client": "192.0.2.7", "peer": "192.0.2.7", "application": "a1", "release": "1", "rule": "r0",
        "method": "POST", "scheme": "http", "host": "www.example.com", "path": "/a", "protocol": "HTTP/1.1",
        "status": 200, "sent": found["sent"], "received": 4, "seconds": 0.75, "upstream": "u1",
        "endpoint": "10.0.0.1:80", "attempts": 1, "upstream_status": 200, "upstream_connect_seconds": 0.25,
        "upstream_header_seconds": 0.5, "upstream_seconds": 0.5, "referer": "https://a.example/",
        "user_agent": "curl/8", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "tls_version": "", "tls_cipher": "",
        "tls_server_name": "", "error": "",
    }  # fmt: skip


def test_what_there_is_not_is_empty_or_null(tmp_path: Path) -> None:
    found = logged(tmp_path, b"bad\r\n\r\n", *FIELDS, "header.x-tenant")
    assert (found["status"], found["client"], found["protocol"], found["path"]) == (400, "192.0.2.7", "", "")
    assert found["error"] == "the request line is not method, target and version with single spaces"
    assert {name: found[name] for name in found if name.startswith("upstream_")} == {
        "upstream_status": None, "upstream_connect_seconds": None, "upstream_header_seconds": None,
        "upstream_seconds": None,
    }  # fmt: skip
    assert (found["user_agent"], found["trace_id"], found["header.x-tenant"]) == ("", "", "")


def test_over_an_idle_connection_there_is_no_time_of_connecting(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    dialogue = Dialogue(
        serving("10.0.0.1:80"), access_log=str(path), access_log_fields=("upstream_connect_seconds", "upstream_seconds")
    )
    client = dialogue.client()
    client.says(GET)
    upstream = dialogue.accepts()
    upstream.says(OK)
    client.says(GET)
    dialogue.wait(0.2)
    upstream.says(OK[:-2])
    dialogue.wait(0.2)
    upstream.says(OK[-2:])
    dialogue.wait(1)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"upstream_connect_seconds": 0.0, "upstream_seconds": 0.0},
        {"upstream_connect_seconds": None, "upstream_seconds": 0.4},
    ]
    dialogue.path.access_log.close()


def test_headers_are_chosen_by_name_and_several_of_one_name_are_joined(tmp_path: Path) -> None:
    request = GET[:-2] + b"X-Tenant: a\r\nx-tenant: b\r\n\r\n"
    assert logged(tmp_path, request, "header.X-Tenant", "status") == {"header.X-Tenant": "a, b", "status": 200}


@pytest.mark.parametrize("name", sorted(SECRET))
def test_credentials_are_no_fields(name: str) -> None:
    wrong = problem(["status", f"header.{name.title()}"])
    assert wrong is not None
    assert "credentials" in wrong


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["query"], "there is no field 'query'; there are header.NAME and time, request_id"),
        (["status", "status"], "status is there twice"),
        (["header."], "'' is no name of a header"),
        (["header.a b"], "'a b' is no name of a header"),
        ([f"header.x{n}" for n in range(FIELDS_LIMIT + 1)], "at most 64 fields, got 65"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_its_reason(names: list[str], says: str) -> None:
    assert says in (problem(names) or "")
    with pytest.raises(ValueError, match=re.escape(says)):
        Choice(names)


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        (b'say "hello" \\ there', 'say "hello" \\ there'),
        (b"\xff\xfe not UTF-8", "\\xff\\xfe not UTF-8"),
        ("\u009b31mred".encode(), "\\x9b31mred"),
        ("a\u2028b\u2029c\x85d".encode(), "a\\u2028b\\u2029c\\x85d"),
        ("\u202egnp.exe".encode(), "\\u202egnp.exe"),
        ("Grüße 你好 😀".encode(), "Grüße 你好 😀"),
        (b"tab\there", "tab\\there"),
        (b"x" * 2000, "x" * (TEXT_LIMIT - 1) + "…"),
        (b"\xff" * 30000, ("\\xff" * TEXT_LIMIT)[: TEXT_LIMIT - 1] + "…"),
    ],
)
def test_what_a_client_says_is_one_line_that_no_terminal_minds(tmp_path: Path, said: bytes, stands: str) -> None:
    request = GET[:-2] + b"User-Agent: " + said + b"\r\n\r\n"
    assert logged(tmp_path, request, "user_agent") == {"user_agent": stands}


@given(st.binary(max_size=6000))
def test_no_bytes_make_text_that_is_long_or_not_printable(said: bytes) -> None:
    found = text(said)
    assert len(found) <= TEXT_LIMIT
    assert found.isprintable()
    found.encode("utf-8")


def test_line_ends_and_controls_do_not_even_get_through_the_head_check(tmp_path: Path) -> None:
    for number, said in enumerate((b"a\nb", b"a\rb", b"a\x00b", b"a\x1b[31mb", b"a\x7fb")):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = logged(folder, GET[:-2] + b"User-Agent: " + said + b"\r\n\r\n", "status", "user_agent")
        assert found == {"status": 400, "user_agent": ""}


def test_every_field_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "observability.md").read_text()
    table = page.partition("## Access log")[2].partition("\n## ")[0]
    documented = re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
    assert sorted(documented) == sorted(FIELDS)
