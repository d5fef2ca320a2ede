"""Settings of the test suite: those of the product, with a data folder of its own.

With GOATAPI_TEST_ON=production also with a PostgreSQL and a Redis of its own (tests/servers.py).
"""

import atexit
import os
import shutil
import tempfile

from tests.servers import in_production, servers

_folder = tempfile.mkdtemp(prefix="goatapi-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["GOATAPI_DATA_DIR"] = _folder
os.environ.setdefault("GOATAPI_DOMAIN", "example.com")
os.environ.setdefault("GOATAPI_RATELIMIT", "none")
if in_production():
    os.environ["DATABASE_URL"] = servers().postgres.url
    os.environ["REDIS_URL"] = servers().redis.url_of(0)

from goatapi.settings import *  # noqa: E402, F403  # after the environment, which settings read

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

for _alias, _database in DATABASES.items():  # noqa: F405  # from the settings above
    if "sqlite3" in _database["ENGINE"]:  # files, as in production: shared memory locks otherwise
        _database["TEST"] = {"NAME": f"{_folder}/test-{_alias}.sqlite3"}
