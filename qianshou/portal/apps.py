"""Django's registration of this room."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.portal"
    label = "portal"
