"""Django's registration of this room."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.office"
    label = "office"
