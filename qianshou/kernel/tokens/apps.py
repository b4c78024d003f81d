"""Django's registration of this room."""

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.tokens"
    label = "tokens"
