"""The studio (规范工作室): procedures, decisions and forms revised in the browser."""
