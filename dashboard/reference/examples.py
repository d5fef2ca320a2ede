"""Examples made from the description: values, and commands for a shell."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from dashboard.reference.schemas import NO_NAMES, Schema, Schemas, types_of

Operation = Mapping[str, Any]

TOKEN = "YOUR_API_TOKEN"  # noqa: S105  # a placeholder
_SUFFIXES = {"application/gzip": ".gz"}  # the standard library asks the machine for this one
_MISSING: Any = object()
_OF_TYPE = {"boolean": True, "integer": 1, "number": 1.5, "null": None, "string": "text"}
_OF_FORMAT = {
    "date": "2026-11-01",
    "date-time": "2026-11-01T12:00:00Z",
    "email": "me@example.com",
    "uri": "https://example.com/",
}


class Examples:
    """Values that fit the schemas of one document."""

    def __init__(self, schemas: Schemas, lists: Mapping[str, str] | None = None) -> None:
        """`lists`: path of a list → name of the field that holds it; ids are taken from there."""
        self.schemas = schemas
        self.lists = lists or {}

    def of_media(self, media: Mapping[str, Any], *, asked: bool) -> Any:
        """The example that a media type names, else one of its schema. `asked` is true for requests."""
        named = [each["value"] for each in media.get("examples", {}).values() if "value" in each]
        if "example" in media:
            named.insert(0, media["example"])
        return named[0] if named else self.of(media.get("schema", {}), asked=asked)

    def of(self, schema: Schema, *, asked: bool = False, seen: frozenset[str] = NO_NAMES) -> Any:
        """The example that a schema names, else one made of those of its parts.

        In a request that is what is required, and whatever has an example of its own.
        """
        full, name = self.schemas.resolve(schema)
        if (named := explicit(full)) is not _MISSING:
            return named
        if name in seen:
            return {} if "properties" in full else None
        seen |= {name} if name else NO_NAMES
        if variants := full.get("oneOf") or full.get("anyOf"):
            return self.of(variants[0], asked=asked, seen=seen)
        if "properties" in full:
            return self._object(full, asked, seen)
        if "items" in full:
            return [self.of(full["items"], asked=asked, seen=seen)]
        return None if not asked and "null" in types_of(full) else _plain(full)

    def _object(self, full: Schema, asked: bool, seen: frozenset[str]) -> dict[str, Any]:
        return {
            key: self.of(value, asked=asked, seen=seen)
            for key, value in full["properties"].items()
            if not asked or self._is_sent(key, value, full)
        }

    def _is_sent(self, key: str, value: Schema, parent: Schema) -> bool:
        full, _ = self.schemas.resolve(value)
        named = key in parent.get("required", ()) or explicit(full, loose=False) is not _MISSING
        return named and not full.get("readOnly")

    def curl(self, origin: str, method: str, path: str, operation: Operation) -> str:
        """Lines for a shell: what the reader fills in, then one command."""
        parameters = operation.get("parameters", ())
        named = [each for each in parameters if each["in"] == "path"]
        keyed = operation.get("security") != []
        places = [self._place(path, each) for each in named]
        root, path = _split(path)
        lines = [f"token={TOKEN}"] if keyed else []
        lines += [f"api={origin}{root}", *places]
        for each in named:
            path = path.replace(f"{{{each['name']}}}", f"${each['name']}")
        words = ["curl"] if method == "GET" else [f"curl -X {method}"]
        words += ['-H "Authorization: Bearer $token"'] if keyed else []
        words += [f"-H {shlex.quote(line)}" for line in self._headers(parameters)]
        words += self._body(operation) + _output(operation)
        words.append(f'"$api{path}{self._query(parameters)}"')
        command = " \\\n  ".join(words)
        return "\n".join([*lines, command])

    def _place(self, path: str, parameter: Mapping[str, Any]) -> str:
        """A shell's line for a part of the path: the first of its list, where there is one."""
        name = parameter["name"]
        above = path.partition(f"/{{{name}}}")[0]
        if above not in self.lists:
            return f"{name}={shlex.quote(str(self.of_parameter(parameter)))}"
        return (
            f'{name}=$(curl -s -H "Authorization: Bearer $token" \\\n'
            f"  \"$api{_split(above)[1]}\" | jq '.{self.lists[above]}[0].{name}')"
        )

    def of_parameter(self, parameter: Mapping[str, Any]) -> Any:
        """A value for a parameter."""
        if "example" in parameter:
            return parameter["example"]
        return self.of_media(parameter, asked=True)

    def _headers(self, parameters: Any) -> list[str]:
        return [
            f"{each['name']}: {self.of_parameter(each)}"
            for each in parameters
            if each["in"] == "header" and each.get("required")
        ]

    def _query(self, parameters: Any) -> str:
        wanted = {
            each["name"]: self.of_parameter(each)
            for each in parameters
            if each["in"] == "query" and each.get("required")
        }
        return f"?{urlencode(wanted, quote_via=quote)}" if wanted else ""

    def _body(self, operation: Operation) -> list[str]:
        media = next(iter(operation.get("requestBody", {}).get("content", {}).values()), None)
        body = self.of_media(media, asked=True) if media else None
        if not body and not operation.get("requestBody", {}).get("required"):
            return []
        return ["-H 'Content-Type: application/json'", f"--data {shlex.quote(pretty(body))}"]


def explicit(full: Schema, *, loose: bool = True) -> Any:
    """The value that a resolved schema names itself; `loose` takes defaults and enums for one."""
    for key in ("example", "const"):
        if key in full:
            return full[key]
    if full.get("examples"):
        return full["examples"][0]
    if loose and full.get("default") is not None:
        return full["default"]
    return full["enum"][0] if loose and full.get("enum") else _MISSING


def pretty(value: Any) -> str:
    """JSON for eyes; short lists and objects in one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    short = json.dumps(value, ensure_ascii=False, default=str)
    return short if len(short) <= 40 else text


def _plain(full: Schema) -> Any:
    if full.get("format") in _OF_FORMAT:
        return _OF_FORMAT[full["format"]]
    kind = next(iter(types_of(full)), "object")
    if kind in ("integer", "number") and full.get("minimum"):
        return full["minimum"]
    return _OF_TYPE.get(kind, [] if kind == "array" else {})


def _split(path: str) -> tuple[str, str]:
    """What all paths of a version share, as `/api/v0`, and the rest."""
    match = re.match(r"/api/v\d+(?=/)", path)
    return (match[0], path[match.end() :]) if match else ("", path)


def _output(operation: Operation) -> list[str]:
    """`--output` for an answer that is a file."""
    content = operation.get("responses", {}).get("200", {}).get("content", {})
    for name, media in content.items():
        if media.get("schema", {}).get("format") == "binary" or "json" not in name:
            tag = next(iter(operation.get("tags", ())), "file")
            return [f"--fail --output {tag}{_SUFFIXES.get(name, '.bin')}"]
    return []
