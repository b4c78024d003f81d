"""Django's registration of this room."""

from importlib import import_module

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.tokens"
    label = "tokens"

    def ready(self) -> None:
        """Let the door know that a token is a way in."""
        import_module("qianshou.kernel.tokens.keeping")
