"""The kernel knows matters, tasks, acts and deadlines, and no authority."""
