"""Addresses for whoever watches the product."""

from django.urls import path

from qianshou.health import pages

urlpatterns = [
    path("health/live", pages.live, name="health-live"),
    path("health/ready", pages.ready, name="health-ready"),
    path("metrics", pages.metrics, name="metrics"),
]
