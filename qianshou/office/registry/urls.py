"""Addresses of the registry's pages."""

from django.urls import URLPattern, path

from qianshou.office import procedures

urlpatterns: list[URLPattern] = [path("", procedures.index, name="registry")]
