"""The gate that lets clients in, or keeps them out, by their address."""

from __future__ import annotations

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.model.actions import IpAccess
from edge.rules.decision import Answer
from edge.rules.networks import Networks


class NetworkGate:
    """What is denied is refused, also when it is allowed as well; with `allow`, whoever is not in it is refused too."""

    def __init__(self, action: IpAccess) -> None:
        self._deny = Networks(action.deny)
        self._allow = Networks(action.allow) if action.allow else None
        self._refusal = Answer(action.status, b"this address may not ask\n", b"text/plain")

    def enter(self, passage: Passage) -> Verdict | Answer:
        address = passage.request.client_address
        if address in self._deny or (self._allow is not None and address not in self._allow):
            return self._refusal
        return PASS
