"""Commands that refuse in one sentence."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError

from goatapi import errors


class RefusingCommand(BaseCommand):
    """A command whose expected errors are one sentence on stderr and exit status 1.

    Not CommandError: Django would print its class name before the sentence.
    """

    # They run beside a serving process, which has checked itself.
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own declaration

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Django's entry; the work is in `work`."""
        del args
        try:
            self.work(**options)
        except errors.Invalid as error:
            self._refuse("; ".join(text for texts in error.errors.values() for text in texts))
        except errors.GoatapiError as error:
            self._refuse(error.message)
        except UnicodeEncodeError:
            self._refuse("the arguments must be UTF-8")
        except DatabaseError as error:
            self._refuse(f"the database can not be used (is it migrated?): {error}")
        return None

    def work(self, **options: Any) -> None:
        """What the command does. Errors: `errors.GoatapiError`."""
        raise NotImplementedError

    def _refuse(self, sentence: str) -> None:
        self.stderr.write(f"{sentence[:1].upper()}{sentence[1:]}.")
        raise SystemExit(1)
