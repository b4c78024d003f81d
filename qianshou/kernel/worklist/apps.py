"""Django's registration of this room."""

from django.apps import AppConfig


class WorklistConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.worklist"
    label = "worklist"
