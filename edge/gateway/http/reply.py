"""A request's answer on its way to the client: framed for the client's version, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.gateway.http import answers, chunks
from edge.gateway.http.date import DateLine
from edge.gateway.http.head import RequestHead, ResponseHead
from edge.gateway.http.headers import Edits, edited, interim_head, response_head, switching_head
from edge.rules.decision import Answer

if TYPE_CHECKING:
    from edge.gateway.http.protocol import ClientProtocol

LAST_HOP: Final = Answer(200)
"""What OPTIONS gets here when it may go no further (RFC 9110 7.6.2, 9.3.7)."""


def head_of(answer: Answer, request: RequestHead) -> ResponseHead:
    """An answer's head as filters see the heads of endpoints' answers."""
    response = ResponseHead()
    response.version = 1
    response.status = answer.status
    response.reason = b""
    response.fields = [(b"content-type", answer.content_type)] if answer.content_type else []
    if answer.location is not None:
        response.fields.append((b"location", answer.location))
    response.fields += answer.fields
    bodiless = answer.status in (204, 304)  # RFC 9110 8.6 and 15.4.5
    response.declared = None if bodiless else b"%d" % len(answer.body)
    response.length = 0 if bodiless or request.method == b"HEAD" else len(answer.body)
    response.keep_alive = True
    response.named = ()
    response.upgrade = b""
    response.memo = None
    return response


class Reply:
    """`begun` once a final head was sent; `ends_with_connection`: its body has no other end; `keep_alive` is what that
    head said; `sent` counts bytes; `identity` is the request's id."""

    __slots__ = (
        "_chunked",
        "_client",
        "_date",
        "_head",
        "begun",
        "continued",
        "ends_with_connection",
        "identity",
        "keep_alive",
        "sent",
        "status",
    )

    def __init__(self, client: ClientProtocol, head: RequestHead, identity: bytes, date: DateLine) -> None:
        self._client = client
        self._head = head
        self.identity = identity
        self._date = date
        self._chunked = False
        self.begun = False
        self.continued = False
        self.ends_with_connection = False
        self.keep_alive = False
        self.status = 0
        self.sent = 0

    def __repr__(self) -> str:
        return f"<Reply {self.status} sent={self.sent}>"

    def relay(self, response: ResponseHead, edits: Edits, body: bytes, ended: bool, keep_alive: bool) -> None:
        """Pass an endpoint's head on with what came of its body."""
        head = self._head
        if response.length < 0:
            if head.version:
                self._chunked = True
            else:
                keep_alive = False  # HTTP/1.0 has no chunks: the end of the connection is the end of the body
                self.ends_with_connection = True
        self.begun = True
        self.status = response.status
        self.keep_alive = keep_alive
        data = response_head(response, head, edits, self.identity, self._date, keep_alive)
        if self._chunked:
            data += chunks.encode(body)
            if ended:
                data += chunks.LAST
        elif body:
            data += body
        self._write(data)

    def relay_more(self, body: bytes, ended: bool) -> None:
        """Pass more of the body on."""
        if self._chunked:
            body = chunks.encode(body) + chunks.LAST if ended else chunks.encode(body)
        if body:
            self._write(body)

    def interim(self, response: ResponseHead) -> None:
        """Pass a 1xx on to whom it can help."""
        head = self._head
        if head.version == 0 or (response.status == 100 and not head.expects_continue):
            return
        self.continued = self.continued or response.status == 100
        self._write(interim_head(response, head))

    def switch(self, response: ResponseHead) -> None:
        """Pass the 101 on that opens a WebSocket."""
        self.begun = True
        self.status = 101
        self._write(switching_head(response, self.identity))

    def short(self, status: int, reason: str, keep_alive: bool) -> None:
        """Answer with a short text about `status`."""
        head = self._head
        self.begun = True
        self.status = status
        self.keep_alive = keep_alive
        self._write(
            answers.build(
                status,
                self.identity,
                self._date(),
                reason=reason,
                keep_alive=keep_alive,
                version=head.version,
                without_body=head.method == b"HEAD",
            )
        )

    def fixed(self, answer: Answer, edits: Edits, keep_alive: bool) -> None:
        """Give the answer that a rule holds."""
        head = self._head
        fields = [(b"content-type", answer.content_type)] if answer.content_type else []
        if answer.location is not None:
            fields.append((b"location", answer.location))
        fields += answer.fields
        self.begun = True
        self.status = answer.status
        self.keep_alive = keep_alive
        self._write(
            answers.respond(
                answer.status,
                answer.body,
                self.identity,
                self._date(),
                fields=edited(fields, edits),
                keep_alive=keep_alive,
                version=head.version,
                without_body=head.method == b"HEAD",
            )
        )

    def _write(self, data: bytes) -> None:
        self.sent += len(data)
        self._client.write(data)
