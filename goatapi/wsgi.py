"""Django as a WSGI callable, for the web server's pool of threads and for other servers."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goatapi.settings")
application = get_wsgi_application()
