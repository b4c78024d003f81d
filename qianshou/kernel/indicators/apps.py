"""Django's registration of this room."""

from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.indicators"
    label = "indicators"
