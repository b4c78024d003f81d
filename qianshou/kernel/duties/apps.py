"""Django's registration of this room."""

from django.apps import AppConfig


class DutiesConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.duties"
    label = "duties"
