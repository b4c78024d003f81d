"""What the database's planner has to be told while a whole district is loaded at once."""

from django.db import connection


def tell_planner() -> None:
    """Let the planner count the tables anew.

    What is loaded is not committed yet, and PostgreSQL's autovacuum, which does not see it, takes
    the tables for empty: plans made for empty tables read them whole at every step.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
