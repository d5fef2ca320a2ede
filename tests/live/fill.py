"""`python -m tests.live.fill CODE NUMBER`: pageviews straight into the storage, as the drain would put them."""

import os
import sys

import django

BATCH = 5000
BEGIN = 1_700_000_000


def fill(code: str, number: int) -> None:
    """`number` pageviews for the site `code`, one every second."""
    from sites.models import Site  # noqa: PLC0415  # Django has to be set up
    from storage.registry import storage  # noqa: PLC0415
    from tests.storage.build import pageview, path  # noqa: PLC0415

    site_id = Site.objects.get(code=code).pk
    for first in range(0, number, BATCH):
        some = range(first, min(first + BATCH, number))
        with storage().ledger.begin() as tx:
            tx.lock([site_id])
            ids = tx.path_ids(site_id, [path(f"/article/{n % 5000}", f"Nr. {n}") for n in some])
            views = [
                pageview(path_id, created_at=BEGIN + n, session=os.urandom(16))
                for path_id, n in zip(ids, some, strict=True)
            ]
            tx.append(site_id, views, keep_rows=[True] * len(views))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "goatapi.settings"
    django.setup()
    fill(sys.argv[1], int(sys.argv[2]))
