"""Django's registration of this room."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.registry"
    label = "registry"
