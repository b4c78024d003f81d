from django.db import migrations

from qianshou.kernel.registry.triggers import install, remove


def put_on_anew(apps, schema_editor):
    """Put the triggers of today in the place of those of 0007."""
    remove(schema_editor.connection)
    install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ('registry', '0007_administrators_apart'),
    ]

    operations = [
        migrations.RunPython(put_on_anew, migrations.RunPython.noop),
    ]
