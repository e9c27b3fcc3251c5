"""locust users that drive a running gateway, and `make loadtest`, which does so while a Deployment is scaled."""
