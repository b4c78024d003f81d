"""Django's registration of this room."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.documents"
    label = "documents"
