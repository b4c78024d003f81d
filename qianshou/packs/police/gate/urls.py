"""Addresses of the gate's own pages."""

from django.urls import URLPattern, path

from qianshou.packs.police.gate import incidents, suggestions

urlpatterns: list[URLPattern] = [
    path("incidents/", incidents.page, name="gate-incidents"),
    path("incidents/template/", incidents.template, name="gate-incidents-template"),
    path("suggestions/", suggestions.page, name="gate-suggestions"),
]
