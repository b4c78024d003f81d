"""Django's registration of this room."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.exchange"
    label = "exchange"
