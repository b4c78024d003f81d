#!/bin/sh
# Copies the database and the documents into a folder named by the day: backup.sh FOLDER
exec /opt/qianshou/.venv/bin/python -m qianshou backup "$1/$(date +%F)"
