"""Each officer reads a notice for themselves."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def copy_read(apps, editor):
    """Let what was read count as read by everybody whom it was meant for."""
    notices = apps.get_model("worklist", "Notice").objects.filter(read_at__isnull=False)
    postings = apps.get_model("registry", "Posting").objects
    readings = apps.get_model("worklist", "Reading")
    for organisation, posts, officer in notices.values_list(
        "organisation", "posts", "officer"
    ).distinct():
        seated = postings.filter(organisation=organisation, post__in=posts.split(","))
        readers = {officer} if officer else set(seated.values_list("officer", flat=True))
        found = notices.filter(organisation=organisation, posts=posts, officer=officer)
        readings.objects.bulk_create(
            (
                readings(notice_id=notice, officer_id=reader, at=read_at)
                for notice, read_at in found.values_list("pk", "read_at")
                for reader in sorted(readers)
            ),
            batch_size=1000,
        )


class Migration(migrations.Migration):
    """Make the table and fill it."""

    dependencies = [
        ("registry", "0001_initial"),
        ("worklist", "0003_put_off"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Reading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readings",
                        to="worklist.notice",
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("notice", "officer"), name="reading_once")
                ]
            },
        ),
        migrations.RunPython(copy_read, migrations.RunPython.noop),
    ]
