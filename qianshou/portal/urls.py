"""Addresses of the residents' pages."""

from django.urls import URLPattern, URLResolver, include, path

from qianshou.portal import follow, report

urlpatterns: list[URLPattern | URLResolver] = [
    path("", report.home, name="home"),
    path("privacy/", report.privacy, name="privacy"),
    path("say/<str:pack>/<slug:start>/", report.report, name="report"),
    path("f/", follow.ask, name="ask"),
    path("f/<slug:code>/", follow.page, name="follow"),
    path("f/<slug:code>/<slug:name>/", follow.say, name="say"),
    path("open311/v2/", include("qianshou.portal.open311.urls")),
]
