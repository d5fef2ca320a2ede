"""Ledger and Vault of one engine."""

from contextlib import AbstractContextManager

from storage.engines.relational.audit import RelationalAudit
from storage.engines.relational.ledger import RelationalLedger
from storage.engines.relational.sql import Database
from storage.engines.relational.vault import RelationalVault


class RelationalStorage:
    """Keeps `storage.protocols.Storage` in Django's databases `vault` and (for salts) `cache`."""

    def __init__(self, *, vault: str, cache: str) -> None:
        database = self._database = Database(vault)
        self.ledger = RelationalLedger(database, Database(cache))
        self.vault = RelationalVault(database)
        self.audit = RelationalAudit(database)

    def alone(self) -> AbstractContextManager[None]:
        """See the protocol."""
        return self._database.alone()

    def version(self) -> str:
        """See the protocol."""
        if self._database.is_postgresql:
            return f"postgresql {self._database.query('SHOW server_version')[0][0]}"
        return f"sqlite {self._database.query('SELECT sqlite_version()')[0][0]}"
