"""Addresses of GeoReport v2; the ending says the format."""

from django.urls import URLPattern, path, re_path

from qianshou.portal.open311 import description, requests

urlpatterns: list[URLPattern] = [
    path("openapi.json", description.page, name="open311-description"),
    path("discovery.<str:ending>", requests.discovery, name="open311-discovery"),
    path("services.<str:ending>", requests.list_ways, name="open311-services"),
    path("services/<str:code>.<slug:ending>", requests.define_way, name="open311-service"),
    path("requests.<str:ending>", requests.requests, name="open311-requests"),
    path("requests/<str:number>.<slug:ending>", requests.one, name="open311-request"),
    path("tokens/<str:code>.<slug:ending>", requests.token, name="open311-token"),
    re_path(r"^[\s\S]*$", requests.nothing, name="open311-nothing"),
]
