"""What people call their things, and what somebody calls them who means harm."""

from dataclasses import dataclass

PASSWORD = "correct horse battery"

SCRIPT = '"><script>window.harmed=1</script>'
IMAGE = "<img src=x onerror=window.harmed=2>'\"`"
ATTRIBUTE = "' onmouseover=window.harmed=3 autofocus onfocus=window.harmed=4 x='"
TEMPLATE = "{{7*7}}{% debug %}${7*7}"
BACKWARDS = "\u202egnp.tnuocca\u202c"
LONG = "W" * 200

QUOTED = '"<img/src=x/onerror=window.harmed=6>"@enemy.example'
"""An e-mail address by the standard, and by Django."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one account."""

    person: str
    key: str
    domain: str
    path: str
    title: str
    agent: str
    newcomer: str
    """The e-mail of who has not confirmed it."""

    invited: str
    """And of who has not joined."""

    address: str
    """What follows the local part of an e-mail."""

    def email(self, local: str) -> str:
        """An address that can be told from the account's others."""
        return f"{local}{self.address}"


TIDY = Names(
    person="Ada Lovelace",
    key="Nightly export",
    domain="https://tidy.example",
    path="/articles/hello",
    title="Hello",
    agent="",
    newcomer="newcomer@tidy.example",
    invited="invited@tidy.example",
    address="@tidy.example",
)

HOSTILE = Names(
    person=f"{IMAGE} {TEMPLATE} {BACKWARDS}",
    key=f"{SCRIPT}{ATTRIBUTE}{LONG}"[:255],
    domain="",
    path=f"/{SCRIPT}{IMAGE}{TEMPLATE}/{LONG}",
    title=f"{SCRIPT}{BACKWARDS}{LONG}",
    newcomer=QUOTED,
    invited=QUOTED.replace("enemy", "friend"),
    agent=f"{SCRIPT} {IMAGE} {LONG}",
    # As far as a browser's own field for e-mails lets it through.
    address=f"'onfocus=harmed=5&lt{{{{7*7}}}}`@{'w' * 60}.example",
)
