"""The JSON API: a table of resources over the Admin's services."""
