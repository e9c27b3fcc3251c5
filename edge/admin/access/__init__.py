"""Who may do what, and who did: users, tokens, signing in, the audit."""
