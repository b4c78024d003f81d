"""Addresses of the registry's pages."""

from django.urls import path

from qianshou.office.registry import form, sheets
from qianshou.office.registry import list as lists

urlpatterns = [
    path("", lists.index, name="registry"),
    path("<slug:table>/", lists.page, name="registry-list"),
    path("<slug:table>/new/", form.new, name="registry-new"),
    path("<slug:table>/sheet/", sheets.export, name="registry-export"),
    path("<slug:table>/template/", sheets.template, name="registry-template"),
    path("<slug:table>/import/", sheets.bring_in, name="registry-import"),
    path("<slug:table>/row/<str:pk>/", form.page, name="registry-row"),
]
