import ssl

import pytest

from edge.gateway.tls.hello import LIMIT, Hello, HelloError, read_hello


def hello_of(name, alpn=(), old=False, **options):
    """What OpenSSL's client says."""
    context = ssl.create_default_context()
    if alpn:
        context.set_alpn_protocols(alpn)
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.check_hostname = name is not None
    for option, value in options.items():
        setattr(context, option, value)
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


def in_records(hello, size):
    body = hello[5:]
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(hello[:3] + len(part).to_bytes(2, "big") + part for part in parts)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_name_is_read_in_lower_case(version):
    assert read_hello(hello_of("WWW.Example.com", maximum_version=version)) == Hello("www.example.com")


def test_a_client_may_name_nobody():
    assert read_hello(hello_of(None)) == Hello("")


@pytest.mark.parametrize(
    ("version", "session", "resumes"),
    [
        (ssl.TLSVersion.TLSv1_2, b"", False),
        (ssl.TLSVersion.TLSv1_2, b"s" * 32, True),
        (ssl.TLSVersion.TLSv1_3, b"", False),
    ],
)
def test_a_session_means_something_in_tls_1_2_only(version, session, resumes):
    hello = hello_of("www.example.com", maximum_version=version)
    if version is ssl.TLSVersion.TLSv1_3:
        assert hello[43] == 32  # for middleboxes (RFC 8446 4.1.2)
    else:
        body = hello[9:43] + bytes([len(session)]) + session + hello[44:]
        message = b"\x01" + len(body).to_bytes(3, "big") + body
        hello = hello[:3] + len(message).to_bytes(2, "big") + message
    assert read_hello(hello) == Hello("www.example.com", resumes=resumes)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_versions_and_other_protocols_are_seen():
    def said(*protocols, **options):
        return read_hello(hello_of("www.example.com", alpn=protocols, **options))

    assert said("h2", "http/1.1") == Hello("www.example.com")
    assert not said("h2", "http/1.0").speaks_http
    versions = {"minimum_version": ssl.TLSVersion.TLSv1_1, "maximum_version": ssl.TLSVersion.TLSv1_1}
    assert not said(old=True, **versions).new_enough
    assert said(maximum_version=ssl.TLSVersion.TLSv1_2).new_enough


def test_every_beginning_of_it_is_incomplete_and_whatever_follows_is_left_alone():
    hello = hello_of("www.example.com")
    assert all(read_hello(hello[:length]) is None for length in range(len(hello)))
    assert read_hello(hello + b"\x17\x03\x03") == Hello("www.example.com")


def test_it_may_come_in_several_records_but_not_in_very_many():
    hello = hello_of("www.example.com")
    assert read_hello(in_records(hello, len(hello) // 8)) == Hello("www.example.com")
    with pytest.raises(HelloError, match="more than 16 records"):
        read_hello(in_records(hello, 3))


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x02\x00",
        b"\x16\x03\x01\x00\x00",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\x16\x03\x01\x40\x00\x01" + LIMIT.to_bytes(3, "big"),
        b"\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03",
    ],
)
def test_what_is_no_hello_is_refused_at_once(data):
    with pytest.raises(HelloError):
        read_hello(data)


def test_a_name_with_other_characters_or_a_second_name_is_refused():
    hello = hello_of("www.example.com")
    with pytest.raises(HelloError, match="no host name"):
        read_hello(hello.replace(b"www.example.com", b"www\x00example.com"))
    place = hello.index(b"www.example.com")
    two = hello[: place - 2] + b"\x00\x02ww\x00\x00\x0aexample.co" + hello[place + 15 :]
    with pytest.raises(HelloError, match="twice"):
        read_hello(two)


def test_every_damaged_byte_gives_a_hello_a_wait_or_a_reason():
    whole = hello_of("www.example.com")
    answers = {
        type(outcome(whole[:place] + bytes([value]) + whole[place + 1 :]))
        for place in range(len(whole))
        for value in (0, 127, 255)
    }
    assert answers == {Hello, HelloError, type(None)}


def outcome(data):
    try:
        return read_hello(data)
    except HelloError as error:
        return error
