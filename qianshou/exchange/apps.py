"""Django's registration of this room."""

from importlib import import_module

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.exchange"
    label = "exchange"

    def ready(self) -> None:
        """Let the outbox know what this room relays and carries, and the door which ways in it has."""
        import_module("qianshou.exchange.feed")
        import_module("qianshou.exchange.hooks")
        import_module("qianshou.exchange.notices")
