"""Pageviews on their way in: the door (/count), the API, parsing, enrichment, the journal, the drain.

May import `storage`, `sites` and what is below them; the parsing core and the journal know no framework.
Front doors: `door.Door`, `api.CountViewSet`, `journal.Journal`, `drain.Drain`.
"""
