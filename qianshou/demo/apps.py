"""Django's registration of this room."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.demo"
    label = "demo"
