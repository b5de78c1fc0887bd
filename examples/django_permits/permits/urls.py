"""The addresses of the site; what changes something takes a POST, which Django takes from our own pages alone."""

from __future__ import annotations

from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from permits import views

urlpatterns = [
    path("", require_safe(views.home)),
    path("callback", require_safe(views.callback)),
    path("documents/<slug:label>", require_safe(views.document)),
    path("login", require_POST(views.log_in)),
    path("logout", require_POST(views.log_out)),
    path("app", require_POST(views.enrol)),
    path("confirm", require_POST(views.confirm)),
    path("approve", require_POST(views.approve)),
]
