"""xstilts: does task and language similarity predict what zero-shot transfer loses?"""

__version__ = "0.1.0"
