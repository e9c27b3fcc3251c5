"""The same work behind this gateway and its peers, driven in turn: `make peers`.

Words. The *work* is one configuration, written for each proxy in its own way (`work`). A *peer* is a proxy that serves
it (`peers`). A *case* is one kind of load (`cases`); a *round* drives every peer once with it, one after the other, and
the next round begins again: what else the machine does then falls on all of them. A *sample* is one peer in one round.

Rules. Proxies run on one core, load and backend on another, so no proxy pays for the load. CPU time is that of all of a
proxy's processes, from /proc. The number to compare is CPU per request: it hardly changes with what else the machine
does; requests/s and latency do. A peer that is not installed is named and left out.
"""
