"""How this room's operations, and the key that all operations need, are described in the reference."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse, extend_schema

from goatapi.http.autoschema import ContractSchema, id_in_path
from sites import keys
from sites.access import needed_permissions
from sites.serializers import MeSerializer, SiteSerializer, SitesSerializer

get_me = extend_schema(
    operation_id="getMe",
    tags=["users"],
    summary="Get the current user and API key",
    description="Shows whose key this is, and what it may do.",
    responses={200: OpenApiResponse(MeSerializer, description="The key and its owner.")},
)

list_sites = extend_schema(
    operation_id="listSites",
    tags=["sites"],
    summary="List sites",
    description="Lists the site whose host is asked and, if that is the account's primary site, the "
    "account's other sites by their codes. Sites that the key is not for are left out.",
    responses={200: OpenApiResponse(SitesSerializer, description="The sites.")},
)

get_site = extend_schema(
    operation_id="getSite",
    tags=["sites"],
    summary="Get a site",
    description="Shows the site whose host is asked or, if that is the account's primary site, any site "
    "of the account that the key is for.",
    parameters=[id_in_path("Id of the site.")],
    responses={200: OpenApiResponse(SiteSerializer, description="The site.")},
)


class KeyedSchema(ContractSchema):
    """Knows what a key needs."""

    def permissions(self) -> list[str]:
        """Their names, in the contract's order."""
        return keys.names_of(needed_permissions(self.view))


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
            {
                "type": "http",
                "scheme": "basic",
                "description": "The API key as the password; the user name does not matter.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "description": "The API key as the token: `Authorization: Bearer KEY`.",
            },
        ]
