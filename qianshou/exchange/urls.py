"""Addresses of the pages on which doors to other systems are opened and closed."""

from django.urls import URLPattern, path

from qianshou.exchange import connections, feed, tokens

urlpatterns: list[URLPattern] = [
    path("tokens/", tokens.index, name="tokens"),
    path("tokens/<whole:token>/", tokens.page, name="token"),
    path("robots/", tokens.robots, name="robots"),
    path("mine/", connections.page, name="connections"),
    path("feed/<str:secret>.ics", feed.calendar, name="feed"),
]
