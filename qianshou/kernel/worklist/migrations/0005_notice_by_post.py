"""A notice no longer says itself that it was read; it is found by its organisation and posts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Take the column and its index away, and make the other."""

    dependencies = [("worklist", "0004_reading")]
    operations = [
        migrations.RemoveIndex("notice", "notice_unread"),
        migrations.RemoveField("notice", "read_at"),
        migrations.AddIndex(
            "notice",
            models.Index(fields=["organisation", "posts", "id"], name="notice_by_post"),
        ),
    ]
