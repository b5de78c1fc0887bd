"""The site's settings; whatever is secret or of this machine comes from the environment (README.md)."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

BASE_DIR = Path(__file__).parent
ORIGIN = os.environ.get("PERMITS_ORIGIN", "http://localhost:8000")
DATA = Path(os.environ["PERMITS_DATA"])
ISSUER = os.environ.get("PERMITS_ISSUER", "http://127.0.0.1:8765/oidc")
SECRET_KEY = os.environ["PERMITS_DJANGO_KEY"]
ALLOWED_HOSTS = [urlsplit(ORIGIN).hostname]
ROOT_URLCONF = "permits.urls"
INSTALLED_APPS = ["django.contrib.sessions", "permits"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "permits.middleware.Told",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
# Each request is one transaction, and a view that raises undoes all that it wrote.  What eidkit counted stays.
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "site.db", "ATOMIC_REQUESTS": True},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Sessions lie in the database; the browser holds their name alone (HttpOnly and SameSite=Lax are Django's own).
SESSION_COOKIE_AGE = 1800
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ORIGIN.startswith("https:")
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_CODE = "en"  # or "vi": of what is shown and approved, and of what goes wrong
USE_TZ = True
