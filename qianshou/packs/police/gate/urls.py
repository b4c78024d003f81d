"""Addresses of the gate's own pages."""

from django.urls import URLPattern, path

from qianshou.packs.police.gate import suggestions

urlpatterns: list[URLPattern] = [
    path("suggestions/", suggestions.page, name="gate-suggestions"),
]
