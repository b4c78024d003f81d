"""Addresses of care's own pages."""

from django.urls import URLPattern, URLResolver, path

from qianshou.packs.commission.care.pages import report

urlpatterns: list[URLPattern | URLResolver] = [
    path("report/", report.page, name="care-report"),
    path("report/receipt/", report.follow, name="care-report-follow"),
]
