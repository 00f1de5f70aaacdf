"""The WSGI application gunicorn serves."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# All pages now rather than at the first request, which would keep its person waiting for every import.
import_module(settings.ROOT_URLCONF)
