"""The console: pages over the same services as the JSON API.

Every page works without JavaScript: forms post and redirect. With htmx, a page's live parts are fetched again when the
server says over server-sent events that something they show has changed, and choices refine each other at once. A
live part is a part of an ordinary page, selected from it, so that there is one way to render everything.
"""

from edge.admin.console.routes import routes

__all__ = ["routes"]
