"""What an operator is told to run is there: variables, commands, files, units, containers."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.urls import resolve

from goatapi import env

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "deploy.md"
FOLDER = ROOT / "docs" / "deploy"
FILES = [
    GUIDE,
    ROOT / "docs" / "operations.md",
    *sorted(FOLDER.iterdir()),
    ROOT / "compose.yaml",
    ROOT / "Dockerfile",
]
UNITS = sorted(FOLDER.glob("*.service"))
KNOWN = set(re.findall(r'"([A-Z][A-Z_]+)"', (ROOT / "goatapi" / "env.py").read_text()))


def compose() -> dict[str, Any]:
    """The file, its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def settings_in(path: Path) -> dict[str, str]:
    """The NAME=value lines of a file."""
    pairs = re.findall(r"^([A-Z_]+)=(.*)$", path.read_text(), re.M)
    return {name: value.strip("'") for name, value in pairs}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_that_is_named_is_read(path: Path) -> None:
    named = re.findall(r"\b(GOATAPI_[A-Z_]+|[A-Z]+(?:_[A-Z]+)*_URL|GEOIP_DB)\b", path.read_text())
    assert set(named) <= KNOWN


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"(?:manage\.py|^ +goatapi|`goatapi) ([a-z][a-z_]+)", path.read_text(), re.M)
    assert set(named) <= get_commands().keys()


def test_what_is_set_for_our_processes_is_read_by_them() -> None:
    services = compose()["services"]
    ours = [service for service in services.values() if service.get("image") == "goatapi"]
    assert {service["command"] for service in ours} == {"prepare", "web", "drain", "worker"}
    for service in ours:
        assert service["environment"].keys() <= KNOWN
        assert service["command"] in get_commands()
    assert settings_in(FOLDER / "goatapi.env").keys() <= KNOWN


def test_the_settings_to_begin_with_are_good_ones(tmp_path: Path) -> None:
    given = settings_in(FOLDER / "goatapi.env") | {"GOATAPI_DATA_DIR": str(tmp_path)}
    read = env.read(given)
    assert (read.url_scheme, len(read.trusted_proxies)) == ("https", 2)
    assert read.redis_url
    web = compose()["services"]["web"]["environment"]
    given = {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in web.items()}
    filled = {name: re.sub(r"\$\{[^}]+\}", "example", value) for name, value in given.items()}
    assert env.read(filled | {"GOATAPI_DATA_DIR": str(tmp_path)}).redis_url


def test_every_volume_of_the_containers_is_declared() -> None:
    loaded = compose()
    mounted = {
        volume.partition(":")[0]
        for service in loaded["services"].values()
        for volume in service.get("volumes", [])
    }
    assert {name for name in mounted if not name.startswith(".")} == loaded["volumes"].keys()
    assert all((ROOT / name).is_file() for name in mounted if name.startswith("."))


def test_no_back_up_holds_the_salts() -> None:
    left_out = re.findall(r"--exclude-table-data=(\w+)", GUIDE.read_text())
    assert left_out[0] == "salts"
    sources = (ROOT / "storage" / "migrations", ROOT / "exports" / "migrations")
    made = "".join(path.read_text() for folder in sources for path in folder.glob("0*.py"))
    for table in left_out:
        known = table in ("sites_session", "exports_host", "limits")
        assert known or f"CREATE TABLE {table} " in made


def test_units_differ_in_what_they_run_alone() -> None:
    def hardening(unit: Path) -> str:
        return unit.read_text().partition("NoNewPrivileges")[2]

    assert len(UNITS) == 3
    assert len({hardening(unit) for unit in UNITS}) == 1


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text().replace("/opt/goatapi/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(text.replace("/opt/goatapi", str(ROOT)))
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.glob("*.service")))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Of other units, which the machine's own may name, it has to say this and that.
    assert not [line for line in said.stderr.splitlines() if "goatapi" in line]


def test_caddy_asks_a_path_that_answers() -> None:
    text = (FOLDER / "Caddyfile").read_text()
    (path,) = re.findall(r"ask http://\S+?(/[a-z-]+)$", text, re.M)
    assert resolve(path)


@pytest.mark.skipif(not shutil.which("caddy"), reason="there is no caddy")
def test_caddy_understands_its_file() -> None:
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
