"""How a kind of matter is handled: BPMN, DMN, FEEL and forms, compiled; the engine is pure."""
