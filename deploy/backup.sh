#!/bin/sh
# Copies the database and the documents into FOLDER/DAY-TIME, and keeps the newest KEEP (14) of such
# copies: backup.sh FOLDER. A copy is NAME.part until it is whole; one that broke off goes next time.
set -eu
cd "$(dirname "$0")/.."
exec 9<"$1"
flock -n 9 || { echo "$1: another copy is being made" >&2; exit 1; }
rm -rf "$1"/20*.part
name="$1/$(date +%F-%H%M%S)"
.venv/bin/python -m qianshou backup "$name.part"
mv -T "$name.part" "$name"
cd "$1"
for old in $(ls -d 20??-??-??-?????? | head -n "-${KEEP:-14}"); do
  rm -rf "$old"
done
