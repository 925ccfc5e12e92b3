"""Per-sample functions, ``@term(each=True)``: many at once, each with a deadline that ends its work.

``each`` is what terms call; ``crew`` runs plain functions in the worker processes of ``pool`` (``worker`` is
their side of it), ``loop`` runs asynchronous ones.
"""
