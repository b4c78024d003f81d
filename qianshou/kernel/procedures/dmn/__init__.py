"""DMN read from XML and compiled (OMG DMN 1.1 to 1.5): decisions, decision tables, boxed
expressions, business knowledge, decision services and imports.

What is not supported is refused with the element's id and line.
"""

from qianshou.kernel.procedures.dmn.loading import load_dmn, read_dmn
from qianshou.kernel.procedures.dmn.model import DecisionModel

__all__ = ["DecisionModel", "load_dmn", "read_dmn"]
