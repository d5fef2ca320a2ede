"""The little of Markdown that descriptions are written in, as HTML. All text is escaped first.

Paragraphs between blank lines, `- ` or `* ` lists, `## ` headings, blocks indented by four blanks or fenced
by three backticks; within them `code`, **strong**, *stressed* and [links](/api.html) to http(s), `/…` and `#…`.
"""

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

_BLOCK = re.compile(r"^```[^\n]*\n(?P<fenced>.*?)\n```$|\n[ \t]*\n", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`[^`\n]+`)")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_STRESS = re.compile(r"\*([^*\s][^*]*)\*")
_LINK = re.compile(r"\[([^\]]+)\]\(((?:https?://|/(?!/)|#)[^\s()]*)\)")
_BULLET = re.compile(r"^[-*] ", re.MULTILINE)
_HEADING = re.compile(r"#{1,6} (.+)")


def prose(text: str) -> SafeString:
    """A description as blocks."""
    made, end = [], 0
    text = text.replace("\r\n", "\n")
    for gap in _BLOCK.finditer(text):
        made.append(_block(text[end : gap.start()]))
        if gap["fenced"] is not None:
            made.append(_pre(gap["fenced"]))
        end = gap.end()
    return _safe("\n".join(filter(None, [*made, _block(text[end:])])))


def inline(text: str) -> SafeString:
    """A sentence or two: the same without blocks."""
    parts = _CODE.split(text)
    return _safe("".join(_code(part) if part[:1] == "`" else _words(part) for part in parts))


def headings(text: str) -> list[tuple[str, str]]:
    """Anchor and text of each heading, for a table of contents."""
    found = re.findall(rf"^{_HEADING.pattern}$", text, re.MULTILINE)
    return [(slugify(title), title) for title in found]


def _block(text: str) -> SafeString:
    lines = text.strip("\n")
    if _is_indented(lines):
        return _pre(lines)
    first, _, rest = lines.partition("\n")
    if heading := _HEADING.fullmatch(first.strip()):
        return _safe(_heading(heading[1]) + _block(rest))
    paragraph, *items = _BULLET.split(lines)
    return _safe(_paragraph(paragraph) + _list(items))


def _is_indented(text: str) -> bool:
    return all(line.startswith("    ") for line in text.split("\n"))


def _pre(text: str) -> SafeString:
    lines = text.split("\n")
    bare = "\n".join(line[4:] for line in lines) if _is_indented(text) else text
    return format_html('<pre tabindex="0"><code>{}</code></pre>', bare)


def _list(items: list[str]) -> SafeString:
    if not items:
        return SafeString()
    return format_html("<ul>{}</ul>", _safe("".join(f"<li>{inline(item)}</li>" for item in items)))


def _heading(title: str) -> SafeString:
    return format_html(
        '<div class="head"><h2 id="{0}">{1}</h2>'
        '<a class="anchor" href="#{0}" aria-label="Link to {2}">#</a></div>',
        slugify(title),
        inline(title),
        title,
    )


def _paragraph(text: str) -> SafeString:
    return format_html("<p>{}</p>", inline(text)) if text.strip() else SafeString()


def _code(part: str) -> str:
    return f"<code>{escape(part[1:-1])}</code>"


def _words(part: str) -> str:
    text = _STRONG.sub(r"<strong>\1</strong>", escape(part))
    text = _STRESS.sub(r"<em>\1</em>", text)
    return _LINK.sub(r'<a href="\2">\1</a>', text)


def _safe(text: str) -> SafeString:
    return mark_safe(text)  # noqa: S308  # made of escaped parts by this module
