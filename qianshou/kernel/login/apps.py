"""Django's registration of this room."""

from django.apps import AppConfig


class LoginConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.login"
    label = "login"
