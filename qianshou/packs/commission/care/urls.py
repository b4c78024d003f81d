"""Addresses of care's own pages."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("rounds/", include("qianshou.packs.commission.care.rounds.urls")),
]
