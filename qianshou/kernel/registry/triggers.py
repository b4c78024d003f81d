"""Database triggers that keep the three administrators off every post (三员分立).

Who holds a role of administrator holds no post: neither is a posting given to one, nor one of
theirs that has ended taken up again, nor does an officer become one before the last day of the
last posting is over, by China's calendar.

SQLite makes a table anew when a column of it changes, and cannot while a trigger speaks of it: a
migration that changes one of the two tables takes these off first and puts them on again.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

SAYS = "an administrator holds no post"
TODAY = {
    "postgresql": "(now() AT TIME ZONE 'Asia/Shanghai')::date",
    "sqlite": "date('now', '+8 hours')",
}
POSTED = """EXISTS (SELECT 1 FROM registry_posting
  WHERE officer_id = NEW.id AND (to_date IS NULL OR to_date >= {today}))"""
LASTS = "(NEW.to_date IS NULL OR NEW.to_date >= {today})"
KEPT_OFF = "EXISTS (SELECT 1 FROM registry_officer WHERE id = NEW.officer_id AND role <> 'officer')"
RULES = (
    ("registry_posting", "INSERT", KEPT_OFF),
    ("registry_posting", "UPDATE OF officer_id", KEPT_OFF),
    ("registry_officer", "UPDATE OF role", f"NEW.role <> 'officer' AND {POSTED}"),
    ("registry_posting", "UPDATE OF to_date", f"{LASTS} AND {KEPT_OFF}"),
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers on both tables."""
    with connection.cursor() as cursor:
        for place, (table, act, told) in enumerate(RULES):
            rule = told.format(today=TODAY[connection.vendor])
            name = f"administrators_apart_{place}"
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    f"IF {rule} THEN RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'check_violation'; "
                    "END IF; RETURN NEW; END $$"
                )
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {act} ON {table} "
                    f"FOR EACH ROW EXECUTE FUNCTION {name}()"
                )
            else:
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN {rule} "
                    f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
                )


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers off, as only a migration backwards may."""
    with connection.cursor() as cursor:
        for place, (table, _act, _rule) in enumerate(RULES):
            name = f"administrators_apart_{place}"
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
                cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
