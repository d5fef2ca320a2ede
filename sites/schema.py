"""How the API's description shows the key: as the password of Basic, or as a Bearer token."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class KeyScheme(OpenApiAuthenticationExtension):
    """Known to drf-spectacular by being defined."""

    target_class = "sites.access.KeyAuthentication"
    name = ["basicAuth", "bearerAuth"]  # noqa: RUF012  # the base class's own form

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        """One of the two is enough; the base class would ask for both."""
        del auto_schema
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        """One definition for each name."""
        del auto_schema
        return [
            {"type": "http", "scheme": "basic", "description": "The API key as the password."},
            {"type": "http", "scheme": "bearer", "description": "The API key as the token."},
        ]
