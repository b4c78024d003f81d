"""Django's registration of this room."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.outbox"
    label = "outbox"
