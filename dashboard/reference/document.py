"""The description of the API (OpenAPI 3.1) as what its page shows: sections, operations, answers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.utils.safestring import SafeString
from django.utils.text import slugify

from dashboard.reference.examples import Examples, pretty
from dashboard.reference.prose import headings, prose
from dashboard.reference.schemas import Field, Schemas

Document = Mapping[str, Any]
_TERMS = re.compile(r"\n\nNeeds (?:a|any) key[^\n]*\Z")
"""`x-permission` and `x-rate-limit` in words, for tools that do not show these; the page does."""

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
PLACES = {"path": "In the path", "query": "In the query", "header": "Headers", "cookie": "Cookies"}


@dataclass(frozen=True, slots=True)
class Content:
    """A body: its type in words, rows for what it holds, an example of it as text."""

    media_types: list[str]
    type: SafeString
    fields: list[Field]
    example: str
    required: bool = False
    text: SafeString = field(default_factory=SafeString)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a status means, and what comes with it."""

    status: str
    phrase: str
    text: SafeString
    headers: list[Field]
    content: Content | None

    @property
    def is_good(self) -> bool:
        """Whether the client got what it asked for."""
        return self.status.startswith("2")


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path. `permissions` is None when no key is needed, empty when any key will do.

    `headers` are those of every answer.
    """

    id: str
    method: str
    path: str
    title: str
    text: SafeString
    permissions: list[str] | None
    rate: Mapping[str, Any] | None
    parameters: list[tuple[str, list[Field]]]
    body: Content | None
    headers: list[Field]
    answers: list[Answer]
    curl: str
    deprecated: bool

    @property
    def good(self) -> Answer | None:
        """The answer to show beside the command."""
        return next((each for each in self.answers if each.is_good), None)


@dataclass(frozen=True, slots=True)
class Section:
    """The operations of a tag."""

    anchor: str
    title: str
    text: SafeString
    operations: list[Operation]


@dataclass(frozen=True, slots=True)
class Component:
    """A named schema. Clients send some; the others they get."""

    name: str
    row: Field
    fields: list[Field]
    example: str
    is_sent: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole page. `chapters` are anchor and title of the introduction's headings."""

    title: str
    version: str
    intro: SafeString
    chapters: list[tuple[str, str]]
    sections: list[Section]
    components: list[Component]


def read(document: Document, origin: str) -> Reference:
    """The document, with `origin` in its commands."""
    reader = _Reader(document, origin)
    info = document.get("info", {})
    text = info.get("description", "")
    return Reference(
        title=info.get("title", ""),
        version=info.get("version", ""),
        intro=prose(text),
        chapters=headings(text),
        sections=list(reader.sections()),
        components=list(reader.components()),
    )


class _Reader:
    def __init__(self, document: Document, origin: str) -> None:
        self.document = document
        self.origin = origin
        self.shared: Document = document.get("components", {})
        self.schemas = Schemas(self.shared.get("schemas", {}))
        self.examples = Examples(self.schemas, _lists(document, self.schemas))

    def sections(self) -> Iterator[Section]:
        """One for each tag, in the document's order; then tags that it has not announced."""
        texts = {tag["name"]: tag.get("description", "") for tag in self.document.get("tags", ())}
        operations: dict[str, list[Operation]] = {name: [] for name in texts}
        for path, item in self.document.get("paths", {}).items():
            for method in METHODS:
                if method in item:
                    tag = next(iter(item[method].get("tags", ())), "other")
                    operations.setdefault(tag, []).append(self.operation(method, path, item))
        for tag, found in operations.items():
            if found:
                title = tag[:1].upper() + tag[1:]
                yield Section(f"tag-{slugify(tag)}", title, prose(texts.get(tag, "")), found)

    def components(self) -> Iterator[Component]:
        """All named schemas, by name."""
        operations = [
            each for item in self.document.get("paths", {}).values() for each in item.values()
        ]
        sent = self.schemas.names_in(
            [each.get("requestBody") for each in operations if isinstance(each, Mapping)]
        )
        for name in sorted(self.schemas.components, key=str.lower):
            schema = {"$ref": f"#/components/schemas/{name}"}
            yield Component(
                name,
                self.schemas.field(name, self.schemas.components[name]),
                self.schemas.fields(schema, expand=False),
                pretty(self.examples.of(schema, asked=name in sent)),
                is_sent=name in sent,
            )

    def operation(self, method: str, path: str, item: Document) -> Operation:
        """One operation, with what its path says for all of them."""
        given = {**item[method]}
        given["parameters"] = [
            self._named(each)
            for each in (*item.get("parameters", ()), *given.get("parameters", ()))
        ]
        given["requestBody"] = self._named(given.get("requestBody", {}))
        given.setdefault("security", self.document.get("security", [{}]))
        text, summary = _TERMS.sub("", given.get("description", "")), given.get("summary", "")
        headers, answers = self._answers(given.get("responses", {}))
        first, _, rest = text.partition("\n\n")
        return Operation(
            id=given.get("operationId") or slugify(f"{method}-{path}"),
            method=method.upper(),
            path=path,
            title=(summary or first).rstrip("."),
            text=prose(text if summary else rest),
            permissions=None if given["security"] == [] else list(given.get("x-permission") or ()),
            rate=given.get("x-rate-limit"),
            parameters=list(self._parameters(given["parameters"])),
            body=self._body(given["requestBody"]),
            headers=headers,
            answers=answers,
            curl=self.examples.curl(self.origin, method.upper(), path, given),
            deprecated=bool(given.get("deprecated")),
        )

    def _parameters(self, parameters: list[Document]) -> Iterator[tuple[str, list[Field]]]:
        for place, title in PLACES.items():
            rows = [self._parameter(each) for each in parameters if each["in"] == place]
            if rows:
                yield title, rows

    def _parameter(self, given: Document) -> Field:
        beside = {key: given[key] for key in ("example", "deprecated") if key in given}
        if values := [each.get("value") for each in given.get("examples", {}).values()]:
            beside["examples"] = values
        return self.schemas.field(
            given["name"],
            {**given.get("schema", {}), **beside},
            required=bool(given.get("required")),
            text=given.get("description", ""),
        )

    def _body(self, given: Document) -> Content | None:
        return self._content(given, asked=True) if given.get("content") else None

    def _content(self, given: Document, *, asked: bool) -> Content:
        media = next(iter(given["content"].values()))
        schema = media.get("schema", {})
        binary = self.schemas.resolve(schema)[0].get("format") == "binary"
        return Content(
            media_types=[
                "application/json" if each == "*/*" else each for each in given["content"]
            ],
            type=SafeString("a file") if binary else self.schemas.type(schema),
            fields=self.schemas.fields(schema, expand=asked),
            example="" if binary else pretty(self.examples.of_media(media, asked=asked)),
            required=bool(given.get("required")),
            text=prose(given.get("description", "")) if asked else SafeString(),
        )

    def _answers(self, given: Document) -> tuple[list[Field], list[Answer]]:
        """The headers that all answers have, and the answers with what is their own."""
        answers = [self._answer(status, given[status]) for status in sorted(given)]
        common = [
            header
            for header in (answers[0].headers if len(answers) > 1 else [])
            if all(header in answer.headers for answer in answers)
        ]
        for answer in answers:
            answer.headers[:] = [header for header in answer.headers if header not in common]
        return common, answers

    def _answer(self, status: str, given: Document) -> Answer:
        given = self._named(given)
        headers = given.get("headers", {}).items()
        return Answer(
            status=status,
            phrase=_phrase(status),
            text=prose(given.get("description", "")),
            headers=[
                self._parameter({**self._named(each), "name": name}) for name, each in headers
            ],
            content=self._content(given, asked=False) if given.get("content") else None,
        )

    def _named(self, given: Document) -> Document:
        """What a `$ref` to a parameter, a header, a body or an answer names; else the thing itself."""
        if "$ref" not in given:
            return given
        _, _, kind, name = given["$ref"].split("/", 3)
        named: Document = self.shared.get(kind, {}).get(name, {})
        return named


def _phrase(status: str) -> str:
    return HTTPStatus(int(status)).phrase if status.isdigit() else ""


def _lists(document: Document, schemas: Schemas) -> dict[str, str]:
    """Path of each list → the field that holds it in the answer."""
    found = {}
    for path, item in document.get("paths", {}).items():
        content = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema, _ = schemas.resolve(content.get("application/json", {}).get("schema", {}))
        for name, field_schema in schema.get("properties", {}).items():
            if field_schema.get("type") == "array" and "{" not in path:
                found[path] = name
    return found
