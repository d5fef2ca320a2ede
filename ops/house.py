"""Whether there is a house for the doctor to look at. Asked before Django's settings: they make what they miss."""

from collections.abc import Mapping, Sequence

from goatapi.env import data_folder
from ops.doctor import Finding, Level, as_json, as_text, verdict

KEPT = ("host_id", "journal")
KEPT_BY_SQLITE = ("accounts.sqlite3", "vault.sqlite3", "cache.sqlite3")
"""What every data folder has from its first start on."""


def see_that_it_is_set_up(arguments: Sequence[str], source: Mapping[str, str]) -> None:
    """Say what is missing, and end as the doctor does. `source` is the environment. Errors: `SystemExit`."""
    if found := _missing(source):
        say = as_json if "--json" in arguments else as_text
        print(say([], found))
        raise SystemExit(int(verdict(found)))


def _missing(source: Mapping[str, str]) -> list[Finding]:
    folder = data_folder(source)
    names = KEPT if source.get("DATABASE_URL") else KEPT + KEPT_BY_SQLITE
    try:
        missing = [name for name in names if not (folder / name).exists()]
    except PermissionError:  # the settings have a sentence for that, and make nothing then
        return []
    if not missing:
        return []
    what = (
        "nothing is set up here"
        if len(missing) == len(names)
        else f"it is not whole: {', '.join(missing)} are not there"
    )
    mend = "see that GOATAPI_DATA_DIR is right and its disk is mounted; the first start makes what a new one needs"
    return [Finding("house", Level.DAMAGE, str(folder), what, mend)]
