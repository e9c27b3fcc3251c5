"""What the tests of the hub share."""

from edge.wire.messages import down


def kinds(recorder, kind):
    return [message for message, _ in map(down.read, recorder.sent) if isinstance(message, kind)]
