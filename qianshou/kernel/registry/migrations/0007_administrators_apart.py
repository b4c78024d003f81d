from django.db import migrations

from qianshou.kernel.registry.triggers import install, remove


def put_on(apps, schema_editor):
    """Install the triggers."""
    install(schema_editor.connection)


def take_off(apps, schema_editor):
    """Remove the triggers."""
    remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ('registry', '0006_second_factor'),
    ]

    operations = [
        migrations.RunPython(put_on, take_off),
    ]
