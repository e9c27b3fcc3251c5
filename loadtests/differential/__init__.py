"""The same bytes through this gateway, nginx and HAProxy: where do they differ, and why is that accepted?

    make differential            (python -m loadtests.differential [--only WORD] [--all])

Every case of `tests/gateway/corpus` that begins with a client's bytes and needs no settings of its own is said to each
proxy, in front of an endpoint of its own that records what it is sent and answers `ok`. Compared is what the endpoints
understood and whether the client was refused. A difference is one of

    stricter      the peer passes requests on that we refuse
    laxer         we pass requests on that the peer refuses
    otherwise     both pass requests on, but the endpoints understood other messages
    refused       both refuse, with other statuses (shown with --all only: which 4xx it is harms nobody)

Each of the first three needs a line in `accepted.txt`; without one the run fails. So does a line that explains nothing
any more. The peers' versions are pinned in constraints.txt: each of them changes its mind now and then.
"""
