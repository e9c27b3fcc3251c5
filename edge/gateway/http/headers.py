"""The heads that the gateway writes: what is passed on, what is taken out, what is added.

Order matters (RFC 9110 7.6.1): first go the fields that are for one hop and those that Connection names, then come the
rules' edits, then ours; so nobody can have ours removed. Framing is always written anew from what was read.
"""

from __future__ import annotations

import ipaddress
from asyncio import BaseTransport
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

from edge.gateway.http.answers import STATUS_LINES, connection_field
from edge.gateway.http.head import CHUNKED, RequestHead, ResponseHead
from edge.rules.identity import is_request_id
from edge.rules.request import Request

Fields: TypeAlias = Sequence[tuple[bytes, bytes]]
Edits: TypeAlias = Sequence[tuple[bytes, bytes | None]]
"""(lower-case name, new value), or None to remove the field."""
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

HOP_BY_HOP: Final = frozenset(
    b"connection keep-alive proxy-connection te trailer transfer-encoding upgrade "
    b"proxy-authenticate proxy-authorization".split()
)
"""For one hop only: RFC 9110 7.6.1, and the older ones still seen."""
FRAMING: Final = HOP_BY_HOP | {b"content-length"}
"""What rules cannot set either: how the message is delimited is the gateway's to say."""
_REQUEST_OWN: Final = (
    FRAMING | {b"host", b"via", b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto"} | {b"x-forwarded-host"}
)
_HOP_DIGITS: Final = 9
"""Of a Max-Forwards; a larger one is lowered, as it may be."""
_RESPONSE_OWN: Final = FRAMING | {b"x-request-id"}


class Peer:
    """Who is at the other end of a client connection. `prefix` is the start of its X-Forwarded-For lines; `trusted`
    tells whether what it says about others is believed."""

    __slots__ = ("_destination", "_transport", "address", "scheme", "trusted", "untrusted_lines")

    def __init__(
        self,
        address: str,
        scheme: str,
        trusted: bool,
        transport: BaseTransport | None = None,
        destination: tuple[str, int] | None = None,
    ) -> None:
        self._transport = transport
        self._destination = destination
        self.address = address
        self.scheme = scheme
        self.trusted = trusted
        self.untrusted_lines = f"x-forwarded-for: {address}\r\nx-forwarded-proto: {scheme}\r\n".encode()

    def __repr__(self) -> str:
        return f"<Peer {self.address} {self.scheme}{' trusted' if self.trusted else ''}>"

    @property
    def server(self) -> tuple[str, str]:
        """The address and port that it connected to, as text; empty for a Unix socket."""
        name: object = self._destination
        if name is None and self._transport is not None:
            name = self._transport.get_extra_info("sockname")
        if not isinstance(name, tuple) or len(name) < 2:
            return ("", "")
        return str(name[0]).partition("%")[0].removeprefix("::ffff:"), str(name[1])


def peer(
    name: object,
    scheme: str,
    networks: Sequence[Network],
    transport: BaseTransport | None = None,
    destination: tuple[str, int] | None = None,
) -> Peer:
    """The peer from a socket's peer name. `destination` is what it connected to, if not this socket."""
    if not networks and isinstance(name, tuple) and "." in (text := str(name[0])) and ":" not in text:
        return Peer(text, scheme, False, transport, destination)  # as the system writes IPv4; reading it costs 3 µs
    address = _address_of(name)
    if address is None:
        text = str(name[0]) if isinstance(name, tuple) and name else ""
        return Peer(text or "unknown", scheme, False, transport, destination)
    return Peer(str(address), scheme, any(address in network for network in networks), transport, destination)


def contains(networks: Sequence[Network], name: object) -> bool:
    """Whether a socket's peer name is of one of the networks."""
    address = _address_of(name)
    return address is not None and any(address in network for network in networks)


def _address_of(name: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of a socket's name; a Unix socket has none."""
    return _read_address(str(name[0]).partition("%")[0]) if isinstance(name, tuple) and name else None


def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IPv4 address that came over an IPv6 socket is one of IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def client_address(head: RequestHead, peer: Peer, networks: Sequence[Network]) -> str:
    """The client's address: the peer's, or what trusted peers say, read from the right up to the first not trusted."""
    if not peer.trusted:
        return peer.address
    known = peer.address
    said = b",".join(value for name, value in head.fields if name == b"x-forwarded-for")
    for entry in reversed(said.split(b",")):
        address = _read_address(_without_port(entry.strip(b" \t").decode("ascii", "replace")))
        if address is None:
            break
        known = str(address)
        if not any(address in network for network in networks):
            break
    return known


def _without_port(entry: str) -> str:
    """Some load balancers write the port too, and then IPv6 in brackets."""
    if entry.startswith("["):
        address, bracket, _ = entry[1:].partition("]")
        return address if bracket else ""
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


def client_scheme(head: RequestHead, peer: Peer) -> str:
    """The scheme of the client's request: the connection's, or what a trusted peer says that it was further out."""
    if peer.trusted:
        for name, value in head.fields:
            if name == b"x-forwarded-proto":
                said = value.partition(b",")[0].strip(b" \t").lower()
                return said.decode("ascii") if said in (b"http", b"https") else peer.scheme
    return peer.scheme


def request_id(head: RequestHead, peer: Peer, fresh: bytes) -> bytes:
    """The request's id: a trusted peer's if it is a sane one, else `fresh`."""
    if peer.trusted:
        for name, value in head.fields:
            if name == b"x-request-id" and is_request_id(value.decode("latin-1")):
                return value
    return fresh


def request_of(head: RequestHead, peer: Peer, identity: bytes, networks: Sequence[Network]) -> Request:
    """The request as page rules read it. Raises BadPathError (`edge.rules.errors`), the client's fault."""
    return Request(
        method=head.method.decode("ascii"),
        target=head.target.decode("ascii"),
        host=head.host.decode("ascii"),
        scheme=client_scheme(head, peer),
        client_address=client_address(head, peer, networks),
        http_version="1.1" if head.version else "1.0",
        headers=head.fields,
        request_id=identity.decode("ascii"),
        connection=peer,
    )


def has_passed(head: RequestHead, pseudonym: bytes) -> bool:
    """Whether Via names this gateway already: the request goes in a circle."""
    return any(entry.split()[1:2] == [pseudonym] for entry in head.via.split(b","))


def may_go_on(head: RequestHead) -> bool:
    """Whether a request may be sent one hop further: Max-Forwards bounds those of OPTIONS (RFC 9110 7.6.2)."""
    return head.method != b"OPTIONS" or _hops(head) != 0


def _hops(head: RequestHead) -> int:
    """What the only Max-Forwards says; negative when there is none that says a number."""
    said = [value for name, value in head.fields if name == b"max-forwards"]
    if len(said) != 1 or not said[0].isdigit():
        return -1
    return int(said[0][-_HOP_DIGITS:]) if len(said[0].lstrip(b"0")) <= _HOP_DIGITS else 10**_HOP_DIGITS


def _counted_down(head: RequestHead) -> Edits:
    hops = _hops(head)
    return () if hops < 1 else ((b"max-forwards", b"%d" % (hops - 1)),)


def question_of(head: RequestHead, kept: Collection[bytes]) -> RequestHead:
    """The head of a GET without a body about a request, from the same client: with those of its fields that are
    `kept`."""
    question = RequestHead()
    question.method = b"GET"
    question.target = head.target
    question.host = head.host
    question.version = head.version
    question.fields = [field for field in head.fields if field[0] in kept]
    question.length = 0
    question.sent_length = question.websocket = question.expects_continue = False
    question.keep_alive = True
    question.named = head.named
    question.via = head.via
    question.memo = None
    return question


def request_head(
    head: RequestHead, peer: Peer, target: bytes, edits: Edits, identity: bytes, pseudonym: bytes
) -> bytes:
    """What an endpoint is sent before the body. `identity` is the request's id, `pseudonym` the gateway's in Via."""
    if head.method == b"OPTIONS":
        edits = (*_counted_down(head), *edits)
    memo = head.memo
    if memo is None or memo.fields is not head.fields or head.websocket:
        before, after = _request_lines(head, peer, edits, pseudonym)
    else:
        key = memo.key
        if key and key[0] == edits and key[1] is peer and key[2] == head.host and key[3] == head.version:
            before, after = memo.lines
        else:
            before, after = memo.lines = _request_lines(head, peer, edits, pseudonym)
            memo.key = (edits, peer, head.host, head.version)
    if edits and any(name == b"x-request-id" for name, _ in edits):
        return b"".join((head.method, b" ", target, b" HTTP/1.1\r\n", before, after))
    return b"".join((head.method, b" ", target, b" HTTP/1.1\r\n", before, b"x-request-id: ", identity, b"\r\n", after))


def _request_lines(head: RequestHead, peer: Peer, edits: Edits, pseudonym: bytes) -> tuple[bytes, bytes]:
    """The lines before and behind the request's id."""
    named = head.named
    trusted = peer.trusted
    host = head.host
    fields = [
        field
        for field in head.fields
        if field[0] not in _REQUEST_OWN and field[0] not in named and (trusted or not _is_forwarding(field[0]))
    ]
    if edits:
        fields = _without_twins(fields, edits)
        for name, value in edits:
            if name == b"host":
                host = value if value is not None else host
            elif name not in FRAMING:
                fields = [field for field in fields if field[0] != name]
                if value is not None:
                    fields.append((name, value))
    parts = [b"host: %b\r\n" % host]
    parts += [b"%b: %b\r\n" % field for field in fields]
    length = head.length
    if length == CHUNKED:
        parts.append(b"transfer-encoding: chunked\r\n")
    elif length or head.sent_length:
        parts.append(b"content-length: %d\r\n" % length)
    if head.websocket:
        parts.append(b"connection: upgrade\r\nupgrade: websocket\r\n")
    set_by_rule = {name for name, _ in edits} if edits else ()
    parts.append(_forwarded_lines(head, peer, set_by_rule))
    via = b"%b, " % head.via if head.via and b"via" not in named else b""
    return b"".join(parts), b"via: %b1.%d %b\r\n\r\n" % (via, head.version, pseudonym)


def _without_twins(fields: list[tuple[bytes, bytes]], edits: Edits) -> list[tuple[bytes, bytes]]:
    """Without what a client sent in other spellings of headers that rules or gates set or remove: servers that turn
    underscores into dashes (CGI, WSGI) would read them as those."""
    for name, _ in fields:
        if b"_" in name:
            changed = [edit[0] for edit in edits]
            return [field for field in fields if b"_" not in field[0] or field[0].replace(b"_", b"-") not in changed]
    return fields


def _is_forwarding(name: bytes) -> bool:
    """Names that speak of other hops, also as servers read them that turn underscores into dashes (CGI, WSGI)."""
    if b"_" in name:
        name = name.replace(b"_", b"-")
        return name in _REQUEST_OWN or name == b"forwarded" or name.startswith(b"x-forwarded-")
    return name == b"forwarded" or name.startswith(b"x-forwarded-")


def _forwarded_lines(head: RequestHead, peer: Peer, set_by_rule: set[bytes] | tuple[()]) -> bytes:
    if not peer.trusted and not set_by_rule:
        return b"%bx-forwarded-host: %b\r\n" % (peer.untrusted_lines, head.host)
    said: dict[bytes, bytes] = {}
    if peer.trusted:
        for name, value in head.fields:
            if name in (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"):
                said[name] = said[name] + b", " + value if name in said else value
    chain = said.get(b"x-forwarded-for")
    address = peer.address.encode()
    lines = {
        b"x-forwarded-for": chain + b", " + address if chain else address,
        b"x-forwarded-proto": said.get(b"x-forwarded-proto", peer.scheme.encode()),
        b"x-forwarded-host": said.get(b"x-forwarded-host", head.host),
    }
    return b"".join(b"%b: %b\r\n" % line for line in lines.items() if line[0] not in set_by_rule)


def response_head(
    response: ResponseHead,
    request: RequestHead,
    edits: Edits,
    identity: bytes,
    date: Callable[[], bytes],
    keep_alive: bool,
) -> bytes:
    """What the client is sent before the body; the caller chose `keep_alive` to fit `response.length`. `date` stands in
    when the answer has no Date of its own (RFC 9110 6.6.1)."""
    status = response.status
    parts = [STATUS_LINES[status] if not response.reason else b"HTTP/1.1 %d %b\r\n" % (status, response.reason)]
    memo = response.memo
    if memo is None or memo.fields is not response.fields:
        lines = _response_lines(response, edits)
        dated = _is_dated(lines)
    else:
        if not memo.key or memo.key[0] != edits:
            lines = _response_lines(response, edits)
            memo.lines = (lines,)
            memo.key = (edits, _is_dated(lines))
        lines = memo.lines[0]
        dated = memo.key[1]
    parts.append(lines)
    if not dated:
        parts.append(date())
    parts += (b"x-request-id: ", identity, b"\r\n")
    length = response.length
    if length > 0:
        parts.append(b"content-length: %d\r\n" % length)
    elif length == 0:
        if status == 304 or request.method == b"HEAD":
            if response.declared is not None:
                parts.append(b"content-length: %b\r\n" % response.declared)
        elif status != 204:
            parts.append(b"content-length: 0\r\n")
    elif request.version:  # CHUNKED or UNTIL_CLOSE
        parts.append(b"transfer-encoding: chunked\r\n")
    parts.append(connection_field(keep_alive, request.version))
    parts.append(b"\r\n")
    return b"".join(parts)


def _is_dated(lines: bytes) -> bool:
    return lines.startswith(b"date: ") or b"\r\ndate: " in lines


def _response_lines(response: ResponseHead, edits: Edits) -> bytes:
    """The fields of an answer that are not the gateway's own."""
    fields: Fields = response.fields
    named = response.named
    if named:
        fields = [field for field in fields if field[0] not in named]
    if edits:
        fields = edited(fields, edits)
    return b"".join([b"%b: %b\r\n" % field for field in fields if field[0] not in _RESPONSE_OWN])


def edited(fields: Fields, edits: Edits) -> list[tuple[bytes, bytes]]:
    """`fields` after the edits of a rule; framing is not theirs to change."""
    result = list(fields)
    for name, value in edits:
        if name in FRAMING:
            continue
        result = [field for field in result if field[0] != name]
        if value is not None:
            result.append((name, value))
    return result


def interim_head(response: ResponseHead, request: RequestHead) -> bytes:
    """A 1xx answer, passed on (RFC 9110 15.2)."""
    fields = [f for f in response.fields if f[0] not in FRAMING and f[0] not in response.named]
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return b"%b%b\r\n" % (STATUS_LINES[response.status], lines)


def switching_head(response: ResponseHead, identity: bytes) -> bytes:
    """The 101 that opens a WebSocket."""
    fields = [f for f in response.fields if f[0] not in _RESPONSE_OWN]
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"%bx-request-id: %b\r\n\r\n" % (lines, identity)
    )
