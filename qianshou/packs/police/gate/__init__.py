"""Non-police incidents shared between police and towns (非警务警情联动)."""
