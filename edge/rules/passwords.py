"""Passwords of page rules as what is kept of them: salted scrypt hashes, in the PHC string format that passlib writes.

    $scrypt$ln=14,r=8,p=5$SALT$HASH        base64 without padding

The parameters are OWASP's for 16 MB (2^14, 8, 5): about 0.2 s of one thread. argon2id, which the Admin's own users
have, would be a dependency and as much memory for gateways; scrypt is in Python.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import NamedTuple

LONGEST = 256
"""Characters of a password."""
_MEMORY = 64 * 1024 * 1024
_WORK = 2**17 * 8
"""The most that N × r × p may be: what a gateway can be made to spend on one attempt."""
_written = re.compile(
    r"\$scrypt\$ln=([1-9][0-9]?),r=([1-9][0-9]?),p=([1-9][0-9]?)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43,86})\Z"
).match


class Hash(NamedTuple):
    """A hash that was read: 2^`cost` blocks of `block` × 128 bytes, `lanes` times."""

    cost: int
    block: int
    lanes: int
    salt: bytes
    digest: bytes

    @property
    def work(self) -> int:
        """What it costs, in comparison."""
        return int(2**self.cost) * self.block * self.lanes

    def matches(self, password: bytes) -> bool:
        """Whether this is the password; the time it takes says nothing of how much of it is right."""
        n = 2**self.cost
        limit = _MEMORY + 1024 * 1024
        size = len(self.digest)
        made = hashlib.scrypt(password, salt=self.salt, n=n, r=self.block, p=self.lanes, maxmem=limit, dklen=size)
        return hmac.compare_digest(made, self.digest)


def hash_password(password: str, salt: bytes, cost: int = 14, lanes: int = 5) -> str:
    """The hash of a password, with its parameters; `salt` is 16 random bytes."""
    memory = _MEMORY + 1024 * 1024
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**cost, r=8, p=lanes, maxmem=memory, dklen=32)
    return f"$scrypt$ln={cost},r=8,p={lanes}${_base64(salt)}${_base64(digest)}"


def parse_hash(text: str) -> Hash:
    """Raises ValueError for what is not such a hash, or costs more than a gateway may be made to spend."""
    found = _written(text)
    if found is None:
        raise ValueError("expected a hash like $scrypt$ln=14,r=8,p=5$SALT$HASH")
    try:
        salt, digest = (base64.b64decode(part + "=" * (-len(part) % 4), validate=True) for part in found.groups()[3:])
    except binascii.Error:
        raise ValueError("the salt and the hash are base64 without padding") from None
    read = Hash(int(found[1]), int(found[2]), int(found[3]), salt, digest)
    if read.cost < 10:
        raise ValueError("checking it would cost an attacker too little: at least ln=10")
    if read.cost > 20 or 128 * 2**read.cost * read.block > _MEMORY or read.work > _WORK:
        raise ValueError("checking it would cost too much: at most 64 MB, and ln=14,r=8,p=8 of time")
    return read


def is_hash(text: str) -> bool:
    """Whether a password is given as its hash already."""
    try:
        parse_hash(text)
    except ValueError:
        return False
    return True


def nobody(known: list[Hash]) -> Hash:
    """A hash of no password that costs as much as the dearest known: an unknown user takes as long as a known one."""
    dearest = max(known, key=lambda one: one.work)
    return dearest._replace(salt=b"\0" * 16, digest=b"\0" * len(dearest.digest))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
