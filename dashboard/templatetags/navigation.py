"""The way from one settings page to the others."""

from typing import Any

from django import template

from dashboard import navigation

register = template.Library()


@register.inclusion_tag("navigation.html", takes_context=True)
def settings_navigation(context: dict[str, Any]) -> dict[str, Any]:
    """Links for the `member` of the page; for the page of `request`, `aria-current`."""
    return {"links": navigation.links(context["member"].role, context["request"].path)}
