"""Addresses of GeoReport v2; the ending says the format."""

from django.urls import URLPattern, path, re_path

from qianshou.portal.open311 import description, requests

urlpatterns: list[URLPattern] = [
    path("openapi.json", description.page, name="open311-description"),
    path("discovery.<str:ending>", requests.discovery, name="open311-discovery"),
    path("services.<str:ending>", requests.list_ways),
    path("services/<str:code>.<slug:ending>", requests.define_way),
    path("requests.<str:ending>", requests.requests),
    path("requests/<str:number>.<slug:ending>", requests.one),
    path("tokens/<str:code>.<slug:ending>", requests.token),
    re_path(r"^[\s\S]*$", requests.nothing),
]
