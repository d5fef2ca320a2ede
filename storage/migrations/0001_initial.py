"""The tables of the storage room, in each database's own SQL.

Every key starts with the site, so that a tenant's rows lie together and never meet another's.
Times are whole seconds since 1970, hours are seconds // 3600, days are seconds // 86400. Ids of
dimensions count from 1 in each site; 0 means "none" and has no row. `key` of a dimension is a
16-byte digest of its folded text (engines/relational/dimensions.py): short, and no text is too
long for the index. `sessions.paths` holds the ids of the visited paths, 4 bytes each: the row is
written with every visit anyway, and rows of their own would cost more than all the rest.
"""

from django.db import migrations

# SQLite: the primary key is the table (WITHOUT ROWID), small integers take few bytes by themselves.
SQLITE_VAULT = """
CREATE TABLE site_ledger (
    site_id integer PRIMARY KEY, revision integer NOT NULL DEFAULT 0, last_hit_id integer NOT NULL DEFAULT 0,
    first_hit_at integer, last_path_id integer NOT NULL DEFAULT 0, last_ref_id integer NOT NULL DEFAULT 0,
    last_browser_id integer NOT NULL DEFAULT 0, last_system_id integer NOT NULL DEFAULT 0,
    last_campaign_id integer NOT NULL DEFAULT 0);
CREATE TABLE journal_positions (segment text PRIMARY KEY, position integer NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    site_id integer, session blob, key blob NOT NULL, started_at integer NOT NULL,
    last_at integer NOT NULL, touched_at integer NOT NULL, paths blob NOT NULL,
    PRIMARY KEY (site_id, session)) WITHOUT ROWID;
CREATE INDEX sessions_key ON sessions (site_id, key);
CREATE TABLE seen_ids (
    site_id integer, key blob, seen_at integer NOT NULL, PRIMARY KEY (site_id, key)) WITHOUT ROWID;
CREATE TABLE tallies (
    site_id integer, day integer, reason text, count integer NOT NULL,
    PRIMARY KEY (site_id, day, reason)) WITHOUT ROWID;
CREATE TABLE paths (
    site_id integer, path_id integer, key blob NOT NULL, path text NOT NULL, title text NOT NULL,
    event integer NOT NULL, PRIMARY KEY (site_id, path_id)) WITHOUT ROWID;
CREATE UNIQUE INDEX paths_key ON paths (site_id, key);
CREATE TABLE refs (
    site_id integer, ref_id integer, key blob NOT NULL, ref text NOT NULL, ref_scheme text NOT NULL,
    PRIMARY KEY (site_id, ref_id)) WITHOUT ROWID;
CREATE UNIQUE INDEX refs_key ON refs (site_id, key);
CREATE TABLE browsers (
    site_id integer, browser_id integer, key blob NOT NULL, name text NOT NULL, version text NOT NULL,
    PRIMARY KEY (site_id, browser_id)) WITHOUT ROWID;
CREATE UNIQUE INDEX browsers_key ON browsers (site_id, key);
CREATE TABLE systems (
    site_id integer, system_id integer, key blob NOT NULL, name text NOT NULL, version text NOT NULL,
    PRIMARY KEY (site_id, system_id)) WITHOUT ROWID;
CREATE UNIQUE INDEX systems_key ON systems (site_id, key);
CREATE TABLE campaigns (
    site_id integer, campaign_id integer, key blob NOT NULL, name text NOT NULL,
    PRIMARY KEY (site_id, campaign_id)) WITHOUT ROWID;
CREATE UNIQUE INDEX campaigns_key ON campaigns (site_id, key);
CREATE TABLE hits (
    site_id integer, hit_id integer, path_id integer NOT NULL, ref_id integer NOT NULL,
    browser_id integer NOT NULL, system_id integer NOT NULL, campaign_id integer NOT NULL,
    width integer NOT NULL, location text NOT NULL, language text NOT NULL, session blob,
    first_visit integer NOT NULL, created_at integer NOT NULL, PRIMARY KEY (site_id, hit_id)) WITHOUT ROWID;
CREATE TABLE hit_counts (
    site_id integer, hour integer, path_id integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id)) WITHOUT ROWID;
CREATE TABLE ref_counts (
    site_id integer, hour integer, path_id integer, ref_id integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, ref_id)) WITHOUT ROWID;
CREATE TABLE browser_stats (
    site_id integer, hour integer, path_id integer, browser_id integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, browser_id)) WITHOUT ROWID;
CREATE TABLE system_stats (
    site_id integer, hour integer, path_id integer, system_id integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, system_id)) WITHOUT ROWID;
CREATE TABLE location_stats (
    site_id integer, hour integer, path_id integer, location text, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, location)) WITHOUT ROWID;
CREATE TABLE language_stats (
    site_id integer, hour integer, path_id integer, language text, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, language)) WITHOUT ROWID;
CREATE TABLE size_stats (
    site_id integer, hour integer, path_id integer, width integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, width)) WITHOUT ROWID;
CREATE TABLE campaign_stats (
    site_id integer, hour integer, path_id integer, campaign_id integer, ref_id integer,
    count integer NOT NULL, PRIMARY KEY (site_id, hour, path_id, campaign_id, ref_id)) WITHOUT ROWID
"""

SQLITE_CACHE = """
CREATE TABLE salts (number integer PRIMARY KEY, value blob NOT NULL, created_at integer NOT NULL);
CREATE TABLE limits (
    cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL);
CREATE INDEX limits_expires ON limits (expires)
"""

# PostgreSQL: wide columns first, so that alignment wastes nothing; the heap is in order of time.
POSTGRESQL_VAULT = """
CREATE TABLE site_ledger (
    site_id integer PRIMARY KEY, revision bigint NOT NULL DEFAULT 0, last_hit_id bigint NOT NULL DEFAULT 0,
    first_hit_at bigint, last_path_id integer NOT NULL DEFAULT 0, last_ref_id integer NOT NULL DEFAULT 0,
    last_browser_id integer NOT NULL DEFAULT 0, last_system_id integer NOT NULL DEFAULT 0,
    last_campaign_id integer NOT NULL DEFAULT 0) WITH (fillfactor = 50);
CREATE TABLE journal_positions (segment text PRIMARY KEY, position bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE sessions (
    started_at bigint NOT NULL, last_at bigint NOT NULL, touched_at bigint NOT NULL, site_id integer,
    session bytea, key bytea NOT NULL, paths bytea NOT NULL, PRIMARY KEY (site_id, session)) WITH (fillfactor = 80);
CREATE INDEX sessions_key ON sessions (site_id, key);
CREATE TABLE seen_ids (seen_at bigint NOT NULL, site_id integer, key bytea, PRIMARY KEY (site_id, key));
CREATE TABLE tallies (
    count bigint NOT NULL, site_id integer, day integer, reason text COLLATE "C",
    PRIMARY KEY (site_id, day, reason));
CREATE TABLE paths (
    site_id integer, path_id integer, event boolean NOT NULL, key bytea NOT NULL, path text NOT NULL,
    title text NOT NULL, PRIMARY KEY (site_id, path_id), CONSTRAINT paths_key UNIQUE (site_id, key));
CREATE TABLE refs (
    site_id integer, ref_id integer, key bytea NOT NULL, ref text NOT NULL, ref_scheme text NOT NULL,
    PRIMARY KEY (site_id, ref_id), CONSTRAINT refs_key UNIQUE (site_id, key));
CREATE TABLE browsers (
    site_id integer, browser_id integer, key bytea NOT NULL, name text NOT NULL, version text NOT NULL,
    PRIMARY KEY (site_id, browser_id), CONSTRAINT browsers_key UNIQUE (site_id, key));
CREATE TABLE systems (
    site_id integer, system_id integer, key bytea NOT NULL, name text NOT NULL, version text NOT NULL,
    PRIMARY KEY (site_id, system_id), CONSTRAINT systems_key UNIQUE (site_id, key));
CREATE TABLE campaigns (
    site_id integer, campaign_id integer, key bytea NOT NULL, name text NOT NULL,
    PRIMARY KEY (site_id, campaign_id), CONSTRAINT campaigns_key UNIQUE (site_id, key));
CREATE TABLE hits (
    hit_id bigint, created_at bigint NOT NULL, site_id integer, path_id integer NOT NULL,
    ref_id integer NOT NULL, browser_id integer NOT NULL, system_id integer NOT NULL,
    campaign_id integer NOT NULL, width integer NOT NULL, first_visit boolean NOT NULL,
    location text NOT NULL, language text NOT NULL, session bytea, PRIMARY KEY (site_id, hit_id));
CREATE TABLE hit_counts (
    site_id integer, hour integer, path_id integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id)) WITH (fillfactor = 90);
CREATE TABLE ref_counts (
    site_id integer, hour integer, path_id integer, ref_id integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, ref_id)) WITH (fillfactor = 90);
CREATE TABLE browser_stats (
    site_id integer, hour integer, path_id integer, browser_id integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, browser_id)) WITH (fillfactor = 90);
CREATE TABLE system_stats (
    site_id integer, hour integer, path_id integer, system_id integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, system_id)) WITH (fillfactor = 90);
CREATE TABLE location_stats (
    site_id integer, hour integer, path_id integer, count integer NOT NULL, location text COLLATE "C",
    PRIMARY KEY (site_id, hour, path_id, location)) WITH (fillfactor = 90);
CREATE TABLE language_stats (
    site_id integer, hour integer, path_id integer, count integer NOT NULL, language text COLLATE "C",
    PRIMARY KEY (site_id, hour, path_id, language)) WITH (fillfactor = 90);
CREATE TABLE size_stats (
    site_id integer, hour integer, path_id integer, width integer, count integer NOT NULL,
    PRIMARY KEY (site_id, hour, path_id, width)) WITH (fillfactor = 90);
CREATE TABLE campaign_stats (
    site_id integer, hour integer, path_id integer, campaign_id integer, ref_id integer,
    count integer NOT NULL, PRIMARY KEY (site_id, hour, path_id, campaign_id, ref_id)) WITH (fillfactor = 90)
"""

# Salts are unlogged, so they are in no WAL archive and no base backup; a crash of the database
# empties the table and new ones are made. Autovacuum takes the dead ones at once.
POSTGRESQL_CACHE = """
CREATE UNLOGGED TABLE salts (number bigint PRIMARY KEY, value bytea NOT NULL, created_at bigint NOT NULL)
    WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
CREATE TABLE limits (
    cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamp with time zone NOT NULL);
CREATE INDEX limits_expires ON limits (expires)
"""

TABLES = {
    ("sqlite", "vault"): SQLITE_VAULT,
    ("sqlite", "cache"): SQLITE_CACHE,
    ("postgresql", "vault"): POSTGRESQL_VAULT,
    ("postgresql", "cache"): POSTGRESQL_CACHE,
}


def _create(schema_editor, file):
    for statement in TABLES[schema_editor.connection.vendor, file].split(";"):
        schema_editor.execute(statement)


def create_vault(_apps, schema_editor):
    """Ledger, dimensions, hits, rollups."""
    _create(schema_editor, "vault")


def create_cache(_apps, schema_editor):
    """Salts, and the table of Django's DatabaseCache."""
    _create(schema_editor, "cache")


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunPython(create_vault, hints={"file": "vault"}),
        migrations.RunPython(create_cache, hints={"file": "cache"}),
    ]
