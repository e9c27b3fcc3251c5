"""The gate that asks for a signed token, in a header, a cookie or the query string (RFC 6750, 7519).

A request's way: no token, or several (401) ▸ found good a short while ago (passes at once) ▸ verified here, in some
50 µs; where its key is not known, the set of keys is fetched, and the token verified again (503 while there is no
set at all). What a client sends in the headers that claims are told in never reaches the endpoint, however it spells
them.
"""

from __future__ import annotations

import msgspec

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.gateway.actions.remembered import Remembered
from edge.gateway.tokens.keys import RETRY, KeySet, fixed
from edge.gateway.tokens.verifying import Claims, TokenError, UnknownKeyError, Verifier
from edge.model.actions import JwtAuth
from edge.rules import names, variables
from edge.rules.decision import Answer
from edge.rules.request import Request
from edge.rules.templates import illegal_in_header

GOOD_FOR = 300.0
"""Seconds that a token is not verified anew, if it does not end before."""
_LONGEST_VALUE = 4_096
"""Bytes of a claim in a header."""
_NO_KEYS = Answer(
    503,
    b"the keys that tokens are verified with are not there yet\n",
    b"text/plain",
    fields=((b"retry-after", b"%d" % RETRY),),
)
Fields = tuple[tuple[bytes, bytes | None], ...]


class BearerGate:
    """The gate. `secret` is the one that HS algorithms sign with, in clear."""

    def __init__(self, action: JwtAuth, secret: str = "") -> None:
        """Raises ValueError for what are no keys."""
        self._set = KeySet(action.jwks_url) if action.jwks_url else None
        self._verifier = Verifier(action, fixed(action, secret) if self._set is None else self._set.find)
        self._place = action.place
        self._name = action.name
        self._header = names.data(action.name.lower())
        self._headers = tuple((pair.claim, names.data(pair.header.lower())) for pair in action.claims)
        self._forward = action.forward
        self._realm = action.realm
        self._good: Remembered[Fields] = Remembered()
        self._version = 0
        self._missing = self._refused("")

    def __repr__(self) -> str:
        return f"<BearerGate {self._verifier!r}>"

    def enter(self, passage: Passage) -> Verdict | Answer:
        try:
            token = self._token(passage.request)
            return self._missing if token is None else self._judge(passage, token)
        except TokenError as error:
            return self._refused(str(error))

    def _judge(self, passage: Passage, token: str) -> Verdict | Answer:
        """Raises TokenError."""
        digest, now = self._good.digest(names.data(token)), passage.path.unix()
        keys = self._set
        if keys is not None:
            if self._version != keys.version:
                self._version = keys.version
                self._good.clear()
            if not keys.known:
                return self._fetch(passage, keys) or _NO_KEYS
            if keys.is_old(passage.path.now()):
                keys.fetch(passage.path)
        fields = self._good.find(digest, now)
        if fields is None:
            try:
                claims = self._verifier.verify(token, now)
            except UnknownKeyError as error:
                verdict = None if keys is None else self._fetch(passage, keys)
                return verdict or self._refused(str(error))
            fields = self._told(claims)
            self._good.put(digest, fields, min(claims.until, now + GOOD_FOR))
        self._admit(passage, fields)
        return PASS

    def _fetch(self, passage: Passage, keys: KeySet) -> Verdict | None:
        """Hold the request until the keys were fetched, then judge it again; None when it has waited already, or they
        were asked for just now."""
        if self in passage.notes or not keys.fetch(passage.path):
            return None
        passage.notes[self] = True
        return passage.hold(keys.wait(lambda: passage.enter_again(self)))

    def _token(self, request: Request) -> str | None:
        """The token, None without one. Raises TokenError for several: an endpoint might read another than we do."""
        if self._place == "header":
            sent = request.header(self._header)
            if sent is None:
                return None
            scheme, space, token = sent.partition(" ")
            if scheme.lower() == "bearer" and space:
                return token.strip(" ")
            return None if self._header == b"authorization" else sent
        read = variables.cookie(self._name) if self._place == "cookie" else variables.query(self._name)
        found = read(request)
        if len(found) > 1:
            raise TokenError("there is more than one token")
        return found[0] if found and found[0] else None

    def _told(self, claims: Claims) -> Fields:
        return tuple((header, _text(claims.values.get(claim))) for claim, header in self._headers)

    def _admit(self, passage: Passage, fields: Fields) -> None:
        passage.identified = True
        passage.request_edits += fields
        if not self._forward:
            if self._place == "header":
                passage.withhold(self._header)
            else:
                passage.request_edits.append((b"cookie", _without(passage.request, self._name)))

    def _refused(self, description: str) -> Answer:
        error = f', error="invalid_token", error_description="{description}"' if description else ""
        challenge = f'Bearer realm="{self._realm}"{error}'.encode()
        body = f"{description or 'a token is needed'}\n".encode()
        return Answer(401, body, b"text/plain", fields=((b"www-authenticate", challenge),))


def _text(value: object) -> bytes | None:
    """A claim as a header's value; None, and then there is no header, without one. Raises TokenError."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value
    elif isinstance(value, list) and all(isinstance(one, str) and "," not in one for one in value):
        text = ",".join(value)
    else:
        text = msgspec.json.encode(value).decode()
    data = text.encode("utf-8", "surrogatepass")
    if illegal_in_header(text) or text != text.strip() or len(data) > _LONGEST_VALUE:
        raise TokenError("a claim cannot be told to the endpoint in a header")
    return data


def _without(request: Request, name: str) -> bytes | None:
    """The Cookie header without one cookie."""
    pairs = (request.header(b"cookie") or "").split(";")
    left = [pair.strip() for pair in pairs if pair.partition("=")[0].strip() != name]
    return names.data("; ".join(left)) if any(left) else None
