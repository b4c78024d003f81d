"""Django's registration of this room."""

from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.procedures"
    label = "procedures"
