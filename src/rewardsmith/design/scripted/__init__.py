"""A scripted model: a server that speaks the protocol of OpenAI and answers without any model.

It stands in for a language model in tests and demonstrations: it reads the prompt and nothing else, and writes
programs from a seeded grammar or from recordings.  It shows that a loop works, never how well a model would do.
"""

from __future__ import annotations

from .answer import Script as Script
from .answer import answer as answer
from .recordings import load_recordings as load_recordings
from .recordings import record_replies as record_replies
from .server import make_app as make_app
from .server import serving as serving

__all__ = ["Script", "answer", "load_recordings", "make_app", "record_replies", "serving"]
