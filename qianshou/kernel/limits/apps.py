"""Django's registration of this room."""

from django.apps import AppConfig


class LimitsConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.limits"
    label = "limits"
