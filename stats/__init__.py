"""Questions about what was counted, and the visitor counter that a site may show in public.

May import `hits`, `storage`, `sites` and what is below them.
Front doors: `queries`, `visitor_counter.visitor_counter`.
"""
