"""Schemas of the description, with what their references name, as rows of fields."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.reference.prose import prose

Schema = Mapping[str, Any]
NO_NAMES: frozenset[str] = frozenset()

_LIMITS = (
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "item"),
    ("minProperties", "maxProperties", "field"),
    ("minimum", "maximum", ""),
)


@dataclass(frozen=True, slots=True)
class Field:
    """A row: of a body, of an answer, or a parameter. `facts` are words, each with its values."""

    name: str
    type: SafeString
    text: SafeString
    required: bool = False
    read_only: bool = False
    deprecated: bool = False
    facts: list[tuple[str, list[str]]] = field(default_factory=list)
    children: list["Field"] = field(default_factory=list)


class Schemas:
    """The components of one document."""

    def __init__(self, components: Mapping[str, Schema]) -> None:
        self.components = components

    def resolve(self, schema: Schema, seen: frozenset[str] = NO_NAMES) -> tuple[Schema, str]:
        """The schema with what its `$ref` and `allOf` name merged in, and the name it goes by, '' for none.

        What stands beside a reference goes before what it names. A circle of references ends empty.
        """
        name = ""
        while "$ref" in schema or schema.get("allOf"):
            rest = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            if "$ref" in schema:
                name = schema["$ref"].rpartition("/")[2]
                part = {} if name in seen else self.components.get(name, {})
                seen |= {name}
            elif len(schema["allOf"]) == 1:
                part = schema["allOf"][0]
            else:
                part = self._all_of(schema["allOf"], seen)
            schema = {**part, **rest}
        return schema, name

    def fields(
        self, schema: Schema, *, expand: bool, seen: frozenset[str] = NO_NAMES
    ) -> list[Field]:
        """The rows of an object, or of the objects in a list; none for anything else.

        `expand` shows what named objects hold, too, but never one within itself.
        """
        schema, name = self._object_in(schema)
        seen |= {name} if name else NO_NAMES
        required = schema.get("required", ())
        return [
            self.field(key, value, required=key in required, expand=expand, seen=seen)
            for key, value in schema.get("properties", {}).items()
        ]

    def names_in(self, part: Any, seen: frozenset[str] = NO_NAMES) -> frozenset[str]:
        """Everything that a part of the document refers to, at whatever depth."""
        if isinstance(part, str) or not isinstance(part, Iterable):
            return seen
        name = str(part.get("$ref", "")).rpartition("/")[2] if isinstance(part, Mapping) else ""
        if name and name not in seen:
            seen = self.names_in(self.components.get(name, {}), seen | {name})
        for each in part.values() if isinstance(part, Mapping) else part:
            seen = self.names_in(each, seen)
        return seen

    def field(
        self,
        name: str,
        schema: Schema,
        *,
        required: bool = False,
        expand: bool = False,
        seen: frozenset[str] = NO_NAMES,
        text: str = "",
    ) -> Field:
        """One row. `text` describes it better than its schema does."""
        full, _ = self.resolve(schema)
        within, inner = self._object_in(schema)
        shown = "properties" in within and (not inner or (expand and inner not in seen))
        return Field(
            name,
            self.type(schema),
            prose(text or full.get("description", "")),
            required=required,
            read_only=bool(full.get("readOnly")),
            deprecated=bool(full.get("deprecated")),
            facts=list(self._facts(full)),
            children=self.fields(schema, expand=expand, seen=seen) if shown else [],
        )

    def type(self, schema: Schema, seen: frozenset[str] = NO_NAMES) -> SafeString:
        """The type in words; named objects link to their section."""
        full, name = self.resolve(schema)
        if name and (name in seen or "properties" in full):
            return self._or_null(full, link(name))
        seen |= {name} if name else NO_NAMES
        if variants := full.get("oneOf") or full.get("anyOf"):
            texts = dict.fromkeys(self.type(each, seen) for each in variants)
            return format_html_join(" or ", "{}", ((text,) for text in texts))
        return self._or_null(full, self._plain_type(full, seen))

    def _plain_type(self, full: Schema, seen: frozenset[str]) -> SafeString:
        types = [each for each in types_of(full) if each != "null"]
        if types == ["array"]:
            return format_html("list of {}", self.type(full.get("items", {}), seen))
        values = full.get("additionalProperties")
        if types == ["object"] and isinstance(values, Mapping) and values:
            return format_html("object, each value {}", self.type(values, seen))
        said = " or ".join(types) or ("null" if types_of(full) else "any value")
        return (
            format_html("{} ({})", said, full["format"])
            if "format" in full
            else format_html("{}", said)
        )

    def _or_null(self, full: Schema, text: SafeString) -> SafeString:
        nullable = "null" in types_of(full) and text != "null"
        return format_html("{} or null", text) if nullable else text

    def _facts(self, full: Schema) -> Iterator[tuple[str, list[str]]]:
        if allowed := full.get("enum") or ([full["const"]] if "const" in full else []):
            yield "one of", [shown(each) for each in allowed]
        for limit in limits(full):
            yield limit, []
        if "pattern" in full:
            yield "pattern", [full["pattern"]]
        if "default" in full:
            yield "default", [shown(full["default"])]
        if examples := full.get("examples") or ([full["example"]] if "example" in full else []):
            yield "example", [shown(each) for each in examples]
        if items := full.get("items"):
            for word, values in self._facts(self._scalar(items)):
                yield f"each {word}", values
        yield from self._facts_of_variants(full.get("anyOf") or full.get("oneOf") or ())

    def _facts_of_variants(self, variants: Iterable[Schema]) -> Iterator[tuple[str, list[str]]]:
        for each in variants:
            full, _ = self.resolve(each)
            if "properties" not in full:
                for word, values in self._facts(full):
                    yield f"as {' or '.join(types_of(full))}: {word}", values

    def _scalar(self, schema: Schema) -> Schema:
        """A list's items, unless they hold rows or items themselves."""
        full, _ = self.resolve(schema)
        return {} if "properties" in full or "items" in full else full

    def _object_in(self, schema: Schema) -> tuple[Schema, str]:
        """The object that a list, a map, or the one variant that is not null comes down to."""
        passed: set[str] = set()
        while True:
            full, name = self.resolve(schema)
            variants = [
                each
                for each in full.get("oneOf") or full.get("anyOf") or ()
                if each.get("type") != "null"
            ]
            values = full.get("additionalProperties")
            inner = full.get("items") or (variants[0] if len(variants) == 1 else None)
            inner = inner or (values if isinstance(values, Mapping) else None)
            if "properties" in full or not inner or name in passed:
                return full, name
            passed |= {name} if name else set()
            schema = inner

    def _all_of(self, parts: list[Schema], seen: frozenset[str]) -> Schema:
        merged: dict[str, Any] = {}
        for each in parts:
            part, _ = self.resolve(each, seen)
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", ()), *part.get("required", ())]
            merged = {**merged, **part, "required": required}
            if properties:
                merged["properties"] = properties
        return merged


def types_of(schema: Schema) -> list[str]:
    """The type keyword as a list."""
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def limits(schema: Schema) -> Iterator[str]:
    """Lengths, sizes and bounds in words."""
    for low, high, unit in _LIMITS:
        least, most = schema.get(low), schema.get(high)
        units = f" {unit}{'' if (most or least) == 1 else 's'}" if unit else ""
        if least is not None and most is not None:
            yield f"{least}{units}" if least == most else f"{least} to {most}{units}"
        elif least is not None:
            yield "not empty" if unit and least == 1 else f"at least {least}{units}"
        elif most is not None:
            yield f"at most {most}{units}"


def link(name: str) -> SafeString:
    """To the section of a component."""
    return format_html('<a href="#schema-{0}">{0}</a>', name)


def shown(value: Any) -> str:
    """A value as JSON has it, but a text without its quotes."""
    if isinstance(value, str):
        return value or '""'
    return json.dumps(value, ensure_ascii=False, default=str)
