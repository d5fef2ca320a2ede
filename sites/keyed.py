"""The base of the API's view sets. Not in `access`, which DRF imports while it defines its own."""

from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet


class KeyedViewSet(ViewSet):
    """A view set that knows its methods before it asks for a key, as part 1.1 orders the checks.

    `required_permissions` is what `access.KeyPermission` reads: a mask, or action → mask.
    """

    required_permissions: int | dict[str, int]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Errors: `MethodNotAllowed`, then those of the gates."""
        if self.action is None:
            raise MethodNotAllowed(request.method or "")
        super().initial(request, *args, **kwargs)
