"""What an application is made of: domains, upstreams, page rules, certificates, keys, purges."""
