"""The gate that asks for a name and a password (RFC 7617).

A request's way: no credentials, or none that can be read (401) ▸ found good a short while ago (passes at once) ▸ just
being checked for another request (waits for that) ▸ checked in the worker's thread for passwords, which may refuse by
429 or 503. An unknown user is checked against a hash of nobody: the answer takes as long.
"""

from __future__ import annotations

import base64
import binascii

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.gateway.actions.remembered import Remembered
from edge.model.actions import BasicAuth
from edge.rules import names, passwords
from edge.rules.decision import Answer

GOOD_FOR = 300.0
"""Seconds that credentials are not checked anew."""
LONGEST = 4_096
"""Characters of the header: names and passwords of 256 characters fit, whatever those are."""


class BasicGate:
    """The gate."""

    def __init__(self, action: BasicAuth) -> None:
        """Raises ValueError for what is no hash."""
        self._users = {user.name.encode(): passwords.parse_hash(user.password) for user in action.users}
        self._nobody = passwords.nobody(list(self._users.values()))
        self._forward = action.forward
        self._good: Remembered[bool] = Remembered()
        self._checking: dict[bytes, list[Passage]] = {}
        challenge = f'Basic realm="{action.realm}", charset="UTF-8"'.encode()
        self._refusal = Answer(
            401, b"a name and a password are needed\n", b"text/plain", fields=((b"www-authenticate", challenge),)
        )

    def __repr__(self) -> str:
        return f"<BasicGate users={len(self._users)}>"

    def enter(self, passage: Passage) -> Verdict | Answer:
        sent = passage.request.header(b"authorization")
        if sent is None or len(sent) > LONGEST:
            return self._refusal
        digest = self._good.digest(names.data(sent))
        if self._good.find(digest, passage.path.now()):
            self._admit(passage)
            return PASS
        waiting = self._checking.get(digest)
        if waiting is None:
            credentials = read(sent)
            if credentials is None:
                return self._refusal
            refusal = self._check(passage, digest, *credentials)
            if refusal is not None:
                return refusal
            waiting = self._checking[digest] = []
        waiting.append(passage)
        return passage.hold(lambda: waiting.remove(passage))

    def _check(self, passage: Passage, digest: bytes, user: bytes, password: bytes) -> Answer | None:
        known = self._users.get(user)
        hashed = known or self._nobody
        path = passage.path

        def work() -> bool:
            return hashed.matches(password) and known is not None

        def done(good: bool) -> None:
            if good:
                self._good.put(digest, True, path.now() + GOOD_FOR)
            for waiting in tuple(self._checking.pop(digest)):
                if good:
                    self._admit(waiting)
                    waiting.go_on()
                else:
                    waiting.refuse(self._refusal)

        return path.passwords.start(passage.request.client_address, work, done)

    def _admit(self, passage: Passage) -> None:
        passage.identified = True
        if not self._forward:
            passage.withhold(b"authorization")


def read(header: str) -> tuple[bytes, bytes] | None:
    """The user and the password of an Authorization header, None when it holds none. Several headers, which come joined
    by a comma, hold none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(" "), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None
