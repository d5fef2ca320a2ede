"""Pageviews on their way out in bulk: an export is asked for, built by a Celery task, downloaded, expired.

May import `hits`, `storage`, `sites` and what is below them. The row is the truth, the queue only rings.
Front doors: `services`, `queries`, `api.ExportViewSet`, `tasks`, `hosts`.
"""
