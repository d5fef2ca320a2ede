#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line

from ops.house import see_that_it_is_set_up

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goatapi.settings")
    if sys.argv[1:2] == ["doctor"]:
        see_that_it_is_set_up(sys.argv, os.environ)
    execute_from_command_line(sys.argv)
