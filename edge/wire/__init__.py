"""The push protocol: one protocol, used twice (Admin to agent, agent to workers). `hub` is its essay."""
