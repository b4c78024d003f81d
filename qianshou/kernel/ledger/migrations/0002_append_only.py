"""The ledger cannot be changed or deleted from, in either database."""

from django.db import migrations

from qianshou.kernel.ledger.triggers import install, remove


class Migration(migrations.Migration):
    """Install the triggers."""

    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunPython(
            lambda apps, editor: install(editor.connection),
            lambda apps, editor: remove(editor.connection),
        )
    ]
