import gzip
import zlib

import brotli
import pytest
import zstandard

from edge.gateway.actions.compression import choose
from tests.gateway.actions.acting import ask, dialogue, pod_of, request
from tests.gateway.exchanging import body, field, status

COMPRESS = {"type": "compress", "min_size": 10}
TEXT = b"hello hello hello hello " * 40
READ = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def answer(text=TEXT, *fields, kind="text/html; charset=utf-8", status="200 OK"):
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(text)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + text


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip, br;q=0", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *;q=0.1", "br"),
        ("*;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity, gzip", "gzip"),
        ("GZIP ; Q=0.8", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=2", None),
        ("gzip;q=x, br;q=0.001", "br"),
        ("deflate, compress", None),
        ("", None),
    ],
)
def test_the_client_gets_what_it_wants_most(accepted, chosen):
    assert choose(accepted, ("zstd", "br", "gzip")) == chosen


@pytest.mark.parametrize("encoding", READ)
@pytest.mark.parametrize("level", [None, 1, 9])
def test_an_answer_is_compressed_and_says_so(encoding, level):
    talk = dialogue(COMPRESS | ({} if level is None else {"level": level}))
    _, got = ask(talk, request(Accept_Encoding=encoding), answer(TEXT, 'ETag: "a"', "Accept-Ranges: bytes"))
    assert READ[encoding](body(got)) == TEXT
    assert field(got, b"content-length") == b"%d" % len(body(got))
    assert field(got, b"content-encoding") == encoding.encode()
    assert (field(got, b"vary"), field(got, b"etag")) == (b"Accept-Encoding", b'W/"a"')
    assert field(got, b"accept-ranges") is None


@pytest.mark.parametrize(
    "plain",
    [
        answer(b"short"),
        answer(kind="image/png"),
        answer(TEXT, "Content-Encoding: br"),
        answer(TEXT, "Cache-Control: public, No-Transform"),
        answer(TEXT, "Content-Range: bytes 0-959/5000", status="206 Partial"),
    ],
)
def test_what_is_not_to_be_compressed_stays_as_it_is(plain):
    _, got = ask(dialogue(COMPRESS), request(Accept_Encoding="gzip"), plain)
    assert body(got) == body(plain)
    assert field(got, b"vary") is None


def test_a_client_that_takes_no_compression_is_told_that_others_do():
    _, got = ask(dialogue(COMPRESS), request(), answer(TEXT, 'ETag: "a"', "Vary: Origin"))
    assert body(got) == TEXT
    assert (b"vary: Origin\r\n" in got, b"vary: Accept-Encoding\r\n" in got) == (True, True)
    assert field(got, b"etag") == b'"a"'
    _, got = ask(dialogue(COMPRESS), request(), answer(TEXT, "Vary: Cookie, accept-encoding"))
    assert field(got, b"vary") == b"Cookie, accept-encoding"


def test_a_head_request_gets_the_same_fields_and_no_body():
    head = answer(TEXT, 'ETag: "a"').removesuffix(TEXT)
    _, got = ask(dialogue(COMPRESS), request("HEAD", Accept_Encoding="br"), head)
    assert (field(got, b"content-encoding"), field(got, b"content-length"), body(got)) == (b"br", None, b"")
    assert field(got, b"etag") == b'W/"a"'


def test_an_answer_that_is_unchanged_has_the_etag_of_the_compressed_one():
    _, got = ask(dialogue(COMPRESS), request(Accept_Encoding="br"), b'HTTP/1.1 304 Not\r\nETag: "a"\r\n\r\n')
    assert (status(got), field(got, b"etag"), field(got, b"vary")) == (304, b'W/"a"', b"Accept-Encoding")
    assert field(got, b"content-encoding") is None


@pytest.mark.parametrize("encoding", READ)
def test_events_are_not_held_back(encoding):
    talk = dialogue(COMPRESS)
    client = talk.client()
    client.says(request(Accept_Encoding=encoding))
    pod = pod_of(talk)
    pod.says(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert field(client.hears(), b"transfer-encoding") == b"chunked"
    reader = {
        "gzip": lambda: zlib.decompressobj(31).decompress,
        "br": lambda: brotli.Decompressor().process,
        "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
    }[encoding]()
    for event in (b"data: 1\n\n", b"data: 2\n\n"):
        pod.says(b"9\r\n%b\r\n" % event)
        assert reader(payload(client.hears())) == event
    pod.says(b"0\r\n\r\n")
    last = client.hears()
    assert last.endswith(b"0\r\n\r\n")
    assert reader(payload(last)) == b""


def payload(chunked):
    """The bytes of the chunks in `chunked`."""
    found = b""
    while chunked:
        size, _, rest = chunked.partition(b"\r\n")
        found += rest[: int(size, 16)]
        chunked = rest[int(size, 16) + 2 :]
    return found


@pytest.mark.parametrize("encoding", READ)
def test_a_large_answer_streams_through(encoding):
    talk = dialogue(COMPRESS)
    client = talk.client()
    client.says(request(Accept_Encoding=encoding))
    pod = pod_of(talk)
    part = bytes(range(256)) * 256
    pod.says(answer(b"", kind="text/plain").replace(b"Content-Length: 0", b"Content-Length: %d" % (16 * len(part))))
    got = b""
    for _ in range(16):
        pod.says(part)
        got += client.hears()
    assert READ[encoding](payload(body(got))) == part * 16


def test_an_answer_of_a_rule_is_compressed_too():
    talk = dialogue(COMPRESS, terminal={"type": "respond", "body": TEXT.decode()})
    client = talk.client()
    client.says(request(Accept_Encoding="gzip"))
    assert gzip.decompress(body(client.hears())) == TEXT


def test_an_old_client_gets_a_stream_until_the_connection_ends():
    talk = dialogue(COMPRESS)
    client = talk.client()
    client.says(request(Accept_Encoding="gzip").replace(b"HTTP/1.1", b"HTTP/1.0"))
    pod = pod_of(talk)
    pod.says(answer().replace(TEXT, TEXT[:100]))
    pod.says(TEXT[100:])
    got = client.hears()
    assert (field(got, b"content-length"), gzip.decompress(body(got))) == (None, TEXT)
    assert client.closed
