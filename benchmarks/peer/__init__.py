"""The peer of benchmarks/web.py: the same page and act on FastAPI, SQLAlchemy and Jinja2."""
