"""Addresses of the officers' pages."""

from django.urls import URLPattern, URLResolver, include, path, register_converter

from qianshou.design.asked import Whole
from qianshou.office import (
    accounts,
    acting,
    alerts,
    audit,
    disclosures,
    indicators,
    intake,
    matter,
    matters,
    menu,
    notices,
    opening,
    procedures,
    worklist,
)

register_converter(Whole, "whole")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", worklist.my_list, name="worklist"),
    path("list/rows/", worklist.rows, name="worklist-rows"),
    path("list/batch/", worklist.batch, name="worklist-batch"),
    path("list/<whole:task>/", worklist.peek, name="peek"),
    path("login/", accounts.enter, name="login"),
    path("logout/", accounts.leave, name="logout"),
    path("me/", accounts.profile, name="profile"),
    path("more/", menu.page, name="menu"),
    path("notices/", notices.page, name="notices"),
    path("notices/read/", notices.mark_read, name="notices-read"),
    path("theme/", accounts.switch_theme, name="theme"),
    path("m/", matters.page, name="matters"),
    path("m/export/", matters.export, name="matters-export"),
    path("m/<whole:matter>/", matter.page, name="matter"),
    path("m/<whole:matter>/<slug:name>/", acting.act, name="act"),
    path("m/<whole:matter>/f/<slug:digest>/", matter.file, name="file"),
    path("open/", opening.choose, name="openings"),
    path("open/<str:pack>/<slug:start>/", opening.page, name="open"),
    path("open/<str:pack>/<slug:start>/sheet/", intake.page, name="open-sheet"),
    path("open/<str:pack>/<slug:start>/template/", intake.template, name="open-template"),
    path("alerts/", alerts.page, name="alerts"),
    path("alerts/look/", alerts.look, name="alerts-look"),
    path("disclosures/", disclosures.page, name="disclosures"),
    path("disclosures/export/", disclosures.export, name="disclosures-export"),
    path("audit/", audit.page, name="audit"),
    path("audit/check/", audit.check, name="audit-check"),
    path("procedures/", procedures.index, name="procedures"),
    path("procedures/<str:procedure>/", procedures.page, name="procedure"),
    path("procedures/<str:procedure>/<str:name>/view/", procedures.viewer, name="viewer"),
    path("procedures/<str:procedure>/<str:name>/file/", procedures.file, name="bpmn"),
    path("indicators/", indicators.index, name="indicators"),
    path("indicators/<str:pack>/<slug:key>/", indicators.page, name="indicator"),
    path("indicators/<str:pack>/<slug:key>/sheet/", indicators.export, name="indicator-export"),
    path("indicators/<str:pack>/<slug:key>/records/", indicators.records, name="records"),
    path("registry/", include("qianshou.office.registry.urls")),
]
