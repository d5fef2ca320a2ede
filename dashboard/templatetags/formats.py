"""Dates and figures in templates: `{{ key.created_at|when:reader }}`.

`reader` is in the context of every page (`dashboard.context`). No thread's state is asked, so that a mail
or a table for somebody else can be written in their formats.
"""

from datetime import date, datetime

from django import template
from django.utils.html import format_html

from sites.formats import Reader, machine

register = template.Library()

ELEMENT = '<time datetime="{}">{}</time>'


@register.filter
def when(value: datetime | None, reader: Reader) -> str:
    """Date and time; nothing for None."""
    return format_html(ELEMENT, machine(value), reader.moment(value)) if value else ""


@register.filter
def moment(value: datetime | None, reader: Reader) -> str:
    """As `when`, without an element around it: for mails, and within sentences."""
    return reader.moment(value) if value else ""


@register.filter
def day(value: date | None, reader: Reader) -> str:
    """The date, of a moment as well; nothing for None."""
    return format_html(ELEMENT, machine(value), reader.day(value)) if value else ""


@register.filter
def number(value: float | None, reader: Reader) -> str:
    """A figure, grouped; nothing for None."""
    return "" if value is None else reader.number(value)


@register.filter
def bytes(value: int | None, reader: Reader) -> str:
    """A size such as `1.5 MB`; nothing for None."""
    return "" if value is None else reader.size(value)
