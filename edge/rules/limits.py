"""How much is taken: enough for every real use, too little to hold up a gateway."""

RULES = 10_000
"""Page rules of an application."""
CONDITIONS = 100
"""Conditions of a rule, those inside groups and the groups themselves counted."""
DEPTH = 4
"""How deep groups of conditions go."""
ACTIONS = 100
"""Actions of a rule."""
VALUES = 1_000
"""Values of a condition."""
NETWORKS = 10_000
"""Networks in a list of those that are let in or kept out."""
ENTRIES = 100
"""Entries of a short list: origins, methods, header names, status codes."""
VALUE = 4_096
"""Characters of a condition's value, a URL, a header's value or a path."""
NAME = 256
"""Characters of an argument or a header's name."""
BODY = 65_536
"""Bytes of a fixed answer."""
DOMAINS = 10_000
"""Domains of an application."""
UPSTREAMS = 1_000
"""Upstreams of an application."""
SERVERS = 10_000
"""Servers of a static upstream."""
SOURCES = 100
"""Services of a Kubernetes upstream."""
WEIGHT = 1_000
"""The highest weight of a server."""
CONNECTIONS = 1_000_000
"""Requests that an endpoint may have in hand."""
SLOW_START = 3_600
"""Seconds in which a new endpoint's share grows."""
COOKIE_AGE = 34_560_000
"""Seconds that a sticky cookie may last: browsers keep none for more than 400 days (RFC 6265bis 5.5)."""
SIZE = 1 << 30
"""Bytes that a setting about sizes may name."""
RATE = 1_000_000
"""Requests of a rate or a burst, or at once."""
UPLOAD = 1 << 40
"""Bytes of a request's body that a limit may name."""
QUEUE = 1_000
"""Requests of one key that wait for others to be answered."""
DELAY = 30
"""Seconds that a limit may hold a request for."""
ATTEMPTS = 10
"""How often a request may be tried."""
TIMEOUT = 3_600
"""Seconds that an answer may be waited for."""
CHECK = 600
"""Seconds between two checks of an endpoint, or that one may take."""
