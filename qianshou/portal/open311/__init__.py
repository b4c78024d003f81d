"""Open311 GeoReport v2: other people's programs pass on what residents say, in JSON and XML."""
