"""A full-text index over the words of matters, in each database's own way."""

from django.db import migrations


def index_words(apps, editor):
    """Make the index; the words themselves are bigrams made in Python."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE INDEX matter_words ON worklist_matter "
            "USING gin (to_tsvector('simple', tokens))"
        )
        return
    editor.execute("CREATE VIRTUAL TABLE worklist_search USING fts5(tokens, content='')")


def drop_words(apps, editor):
    """Take the index away."""
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX matter_words")
        return
    editor.execute("DROP TABLE worklist_search")


class Migration(migrations.Migration):
    """Make the index."""

    dependencies = [("worklist", "0001_initial")]
    operations = [migrations.RunPython(index_words, drop_words)]
