"""Who asks, and what they may: tokens, certificates, impersonation, RBAC."""
