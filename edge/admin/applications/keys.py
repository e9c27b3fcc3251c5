"""The keys of applications: made with the first secret in a page rule, kept sealed, sent to the gateways that serve it.

One key opens all secrets of an application, of every release: going back to an earlier one needs no other.
"""

from __future__ import annotations

import base64
from random import Random

from sqlalchemy.orm import Session

from edge.model import application_key as documents
from edge.model.application_key import ApplicationKey
from edge.sealing import ApplicationCipher
from edge.store.sealing import Sealer
from edge.store.tables import ApplicationKeyRow


def cipher_of(session: Session, application: str, sealer: Sealer, random: Random) -> ApplicationCipher:
    """What seals and opens the secrets of an application's page rules; its key is made when there is none."""
    row = session.get(ApplicationKeyRow, application)
    if row is not None:
        return ApplicationCipher(application, _opened(row, sealer))
    key = random.randbytes(32)
    sealed = sealer.seal(base64.b64encode(key).decode(), _place(application))
    session.add(ApplicationKeyRow(application=application, key=sealed))
    return ApplicationCipher(application, key)


def document_of(row: ApplicationKeyRow, sealer: Sealer) -> bytes:
    """A stored key as gateways are sent it. Raises StoreError when the secret key does not fit."""
    return documents.encode(ApplicationKey(row.application, _opened(row, sealer)))


def _opened(row: ApplicationKeyRow, sealer: Sealer) -> bytes:
    return base64.b64decode(sealer.open(row.key, _place(row.application)))


def _place(application: str) -> str:
    return f"application_keys/{application}/key"
