"""Requests for resources: the verbs, the options of lists, Tables, subresources and reviews."""
