"""What the reference makes of a description that has everything in it: circles, choices, markup."""

from typing import Any

import pytest
from django.template.loader import render_to_string

from dashboard.reference.document import Operation, Reference, read
from dashboard.reference.prose import prose

ORIGIN = "https://a.example"
NODE: dict[str, Any] = {
    "type": "object",
    "description": "A `node`.",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 9, "example": "it's"},
        "parent": {"allOf": [{"$ref": "#/components/schemas/Node"}], "description": "Above."},
        "children": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Node"},
            "maxItems": 3,
        },
        "made": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
        "kind": {"enum": ["a", "b"], "type": "string", "default": "a"},
        "more": {"type": "object", "additionalProperties": {"type": "integer"}},
        "inner": {"type": "object", "properties": {"deep": {"type": "boolean"}}},
    },
}
SCHEMAS: dict[str, Any] = {
    "Node": NODE,
    "Loop": {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}},
    "Self": {"$ref": "#/components/schemas/Self"},
    "Left": {"allOf": [{"$ref": "#/components/schemas/Right"}, {"type": "object"}]},
    "Right": {"allOf": [{"$ref": "#/components/schemas/Left"}, {"properties": {"x": {}}}]},
    "Choice": {"oneOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]},
}
REF = "#/components/schemas/Node"


def described(**operation: Any) -> Reference:
    """A document with one operation."""
    given = {"operationId": "op", "summary": "It", "responses": {"200": {"description": "Yes."}}}
    paths = {"/api/v0/nodes/{id}": {"post": given | operation}}
    info = {"title": "T", "version": "1", "description": "Hello.\n\n## Errors\n\nAre `rare`."}
    return read({"info": info, "paths": paths, "components": {"schemas": SCHEMAS}}, ORIGIN)


def only(**operation: Any) -> Operation:
    return described(**operation).sections[0].operations[0]


def body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def shown(reference: Reference) -> str:
    context = {"frame": "reference/copy.html", "reference": reference}
    return render_to_string("reference/page.html", context)


def test_circles_end() -> None:
    text = shown(described(requestBody=body({"$ref": REF})))
    assert all(f'id="schema-{name}"' in text for name in SCHEMAS)


def test_a_body_shows_its_objects_but_none_within_itself() -> None:
    rows = {row.name: row for row in only(requestBody=body({"$ref": REF})).body.fields}  # type: ignore[union-attr]  # there is one
    assert rows["parent"].children == []
    assert rows["parent"].type == '<a href="#schema-Node">Node</a>'
    assert rows["children"].type == 'list of <a href="#schema-Node">Node</a>'
    assert [row.name for row in rows["inner"].children] == ["deep"]
    assert rows["made"].type == "string (date-time) or null"
    assert rows["more"].type == "object, each value integer"
    assert rows["name"].facts == [("1 to 9 characters", []), ("example", ["it's"])]
    assert rows["kind"].facts == [("one of", ["a", "b"]), ("default", ["a"])]


def test_a_command_survives_the_shells_quotes() -> None:
    operation = only(
        requestBody=body({"$ref": REF}),
        parameters=[
            {
                "name": "id",
                "in": "path",
                "required": True,
                "schema": {"type": "integer", "example": 7},
            },
            {
                "name": "q",
                "in": "query",
                "required": True,
                "schema": {"type": "string", "example": "a b&"},
            },
            {"name": "If-Match", "in": "header", "required": True, "example": '"e"'},
            {"name": "limit", "in": "query", "schema": {"type": "integer"}},
        ],
    )
    assert operation.curl.splitlines() == [
        "token=YOUR_API_TOKEN",
        "api=https://a.example/api/v0",
        "id=7",
        "curl -X POST \\",
        '  -H "Authorization: Bearer $token" \\',
        "  -H 'If-Match: \"e\"' \\",
        "  -H 'Content-Type: application/json' \\",
        """  --data '{"name": "it'"'"'s"}' \\""",
        '  "$api/nodes/$id?q=a%20b%26"',
    ]


def test_an_operation_for_everybody_sends_no_key() -> None:
    operation = only(security=[])
    assert operation.permissions is None
    assert "token" not in operation.curl
    assert "No key needed" in shown(described(security=[]))


def test_headers_of_all_answers_are_said_once() -> None:
    limit, etag = ({"schema": {"type": kind}} for kind in ("integer", "string"))
    operation = only(
        responses={
            "200": {"description": "", "headers": {"X-Limit": limit, "ETag": etag}},
            "404": {"description": "", "headers": {"X-Limit": limit}},
        }
    )
    assert [row.name for row in operation.headers] == ["X-Limit"]
    assert [[row.name for row in each.headers] for each in operation.answers] == [["ETag"], []]


def test_what_an_operation_lacks_is_left_out() -> None:
    text = shown(described(summary="", description="Do it.\n\nAnd more.", operationId=""))
    assert 'id="post-apiv0nodesid">Do it</h3>' in text
    assert "<p>And more.</p>" in text


def test_chapters_of_the_introduction_have_anchors() -> None:
    reference = described()
    assert reference.chapters == [("errors", "Errors")]
    assert '<h2 id="errors">Errors</h2>' in reference.intro
    assert "<p>Are <code>rare</code>.</p>" in reference.intro


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b\n\n`<i>`", "<p>a &lt; b</p>\n<p><code>&lt;i&gt;</code></p>"),
        ("one\n- `x`: **b**\n- *y*", None),
        ("    <pre>\n    x", '<pre tabindex="0"><code>&lt;pre&gt;\nx</code></pre>'),
        ("```\na\n\nb\n```", '<pre tabindex="0"><code>a\n\nb</code></pre>'),
        ("[here](/help)", '<p><a href="/help">here</a></p>'),
        ("[no](javascript:alert(1))", "<p>[no](javascript:alert(1))</p>"),
        ("[no](//evil.example)", "<p>[no](//evil.example)</p>"),
        ('[a](/x"onclick=1)', None),
        ("* <b>", "<ul><li>&lt;b&gt;</li></ul>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("", ""),
    ],
)
def test_descriptions_are_a_little_markdown_and_no_html(text: str, html: str | None) -> None:
    made = prose(text)
    assert "onclick" not in made or '"onclick' not in made
    if html is not None:
        assert made == html


def test_a_list_may_follow_its_sentence() -> None:
    made = prose("one\n- `x`: **b**\n- *y*")
    assert "".join(made.split("\n")) == (
        "<p>one</p><ul><li><code>x</code>: <strong>b</strong></li><li><em>y</em></li></ul>"
    )


def test_markup_in_a_description_stays_text() -> None:
    evil = "<script>alert(1)</script>"
    text = shown(
        described(
            summary=evil,
            description=evil,
            tags=[evil],
            requestBody=body({"type": "string", "example": evil}),
        )
    )
    assert "<script" not in text
