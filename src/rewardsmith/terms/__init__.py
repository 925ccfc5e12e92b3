"""Ready-made terms: leaves of a reward with unit, range and source (see ``docs/terms.md``).

Text terms read lists of strings (``completion``, ``prompt``, ``reference``) and give one number for each; judges
ask a language model.  NaN means 'no verdict': a completion that is None, a reference that is missing, a judge that
did not answer.
"""

from __future__ import annotations
