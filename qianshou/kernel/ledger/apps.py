"""Django's registration of this room."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.ledger"
    label = "ledger"
