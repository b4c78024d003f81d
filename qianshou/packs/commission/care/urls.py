"""Addresses of care's own pages."""

from django.urls import URLPattern, URLResolver, path

from qianshou.packs.commission.care.pages import hazards, report

urlpatterns: list[URLPattern | URLResolver] = [
    path("hazards/", hazards.page, name="care-hazards"),
    path("hazards/sheet/", hazards.export, name="care-hazards-export"),
    path("hazards/new/", hazards.register, name="care-hazard-new"),
    path("report/", report.page, name="care-report"),
    path("report/receipt/", report.follow, name="care-report-follow"),
]
