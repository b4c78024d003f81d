#!/bin/sh
# Copies the database and the documents into a folder named by the day: copy.sh FOLDER
# The keys (QIANSHOU_VAULT_KEY, QIANSHOU_SECRET_KEY) are not copied: keep them apart.
set -eu
folder="$1/$(date +%Y-%m-%d)"
state="${QIANSHOU_VAR:-/var/lib/qianshou}"
mkdir -p "$folder"
case "${DATABASE_URL:-}" in
postgresql://* | postgres://*)
  pg_dump --format=custom --file="$folder/database.part" "$DATABASE_URL"
  ;;
*)
  "${PYTHON:-/opt/qianshou/.venv/bin/python}" - "$state/qianshou.sqlite3" "$folder/database.part" <<'COPY'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as kept, sqlite3.connect(sys.argv[2]) as copy:
    kept.backup(copy)
COPY
  ;;
esac
mv "$folder/database.part" "$folder/database"
if [ -d "$state/documents" ]; then tar -C "$state" -czf "$folder/documents.tar.gz" documents; fi
