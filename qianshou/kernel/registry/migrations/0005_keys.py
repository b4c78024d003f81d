"""Master keys have rows; lookups get a key of their own, which outlives a master key."""

import hashlib

from django.conf import settings
from django.db import migrations, models

from qianshou.kernel.registry import cipher


def make_lookup_key(apps, editor):
    """Make the key of lookups; where there are digests already, it is what they were made with."""
    master = cipher.derive_key(settings.VAULT_KEYS()[0])
    if _has_digests(apps, editor):
        key, algorithm = master, "sm3" if "sm3" in hashlib.algorithms_available else "sha256"
    else:
        key, algorithm = cipher.new_key(), settings.HASH
    made = {"algorithm": algorithm, "wrapped_key": cipher.wrap_key(key, master)}
    apps.get_model("registry", "LookupKey").objects.create(**made)


def _has_digests(apps, editor):
    if apps.get_model("registry", "Person").objects.exists():
        return True
    if "worklist_matter" not in editor.connection.introspection.table_names():
        return False
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM worklist_matter LIMIT 1")
        return cursor.fetchone() is not None


class Migration(migrations.Migration):

    dependencies = [("registry", "0004_substitution")]

    operations = [
        migrations.CreateModel(
            name="MasterKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key_id", models.CharField(max_length=16, unique=True)),
                ("noted_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="LookupKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("algorithm", models.CharField(max_length=8)),
                ("wrapped_key", models.BinaryField()),
            ],
        ),
        migrations.RunPython(make_lookup_key, migrations.RunPython.noop),
    ]
