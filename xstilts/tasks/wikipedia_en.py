"""Wikipedia in English: the control of `-mlm` recipes."""

from dataclasses import replace

from xstilts.tasks import wikipedia

TASK = replace(wikipedia.TASK, name="wikipedia_en", title="English Wikipedia", multilingual=False)
