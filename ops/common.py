"""Whether this host fits to the others on its database: they must share one secret key.

A person signed in by one host would be signed out by another with a key of its own, a form
or an address signed by one would be refused by another: sometimes, as the proxy happens to choose.
"""

from django.utils.crypto import constant_time_compare, salted_hmac

from ops.models import Common

OTHER_KEY = (
    "GOATAPI_SECRET_KEY is not the one that this database was first used with. All hosts on one "
    "database need the same: set GOATAPI_SECRET_KEY (or GOATAPI_SECRET_KEY_FILE) on each, to the text "
    "in the file secret_key of the first host's data folder if none was set there. After a change on "
    "purpose, run once: manage.py prepare --new-secret-key"
)


def agree_on_key(*, anew: bool) -> str:
    """What is wrong with this host's secret key, "" for nothing. `anew`: from now on it is the right one."""
    mine = fingerprint()
    if anew:
        Common.objects.update_or_create(name="secret_key", defaults={"value": mine})
    kept, _ = Common.objects.get_or_create(name="secret_key", defaults={"value": mine})
    return "" if constant_time_compare(kept.value, mine) else OTHER_KEY


def fingerprint() -> str:
    """What tells keys apart and does not give them away."""
    return salted_hmac("goatapi.secret-key", "fingerprint", algorithm="sha256").hexdigest()[:32]
