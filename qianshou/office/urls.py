"""Addresses of the officers' pages."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from qianshou.office import (
    accounts,
    acting,
    matter,
    matters,
    notices,
    opening,
    procedures,
    worklist,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", worklist.my_list, name="worklist"),
    path("list/rows/", worklist.rows, name="worklist-rows"),
    path("list/batch/", worklist.batch, name="worklist-batch"),
    path("list/<int:task>/", worklist.peek, name="peek"),
    path("login/", accounts.log_in, name="login"),
    path("logout/", accounts.log_out, name="logout"),
    path("me/", accounts.profile, name="profile"),
    path("notices/", notices.page, name="notices"),
    path("notices/read/", notices.mark_read, name="notices-read"),
    path("m/", matters.page, name="matters"),
    path("m/<int:matter>/", matter.page, name="matter"),
    path("m/<int:matter>/<slug:name>/", acting.act, name="act"),
    path("m/<int:matter>/f/<slug:digest>/", matter.file, name="file"),
    path("open/", opening.choose, name="opening"),
    path("open/<str:pack>/<slug:start>/", opening.page, name="open"),
    path("procedures/", procedures.index, name="procedures"),
    path("procedures/<str:procedure>/", procedures.page, name="procedure"),
    *(
        path(f"{room}/", include(f"qianshou.office.{room}.urls"))
        for room in ("registry", "indicators")
        if find_spec(f"qianshou.office.{room}") and find_spec(f"qianshou.office.{room}.urls")
    ),
]
