"""Minutes of mixed load while the providers fail at random: ``python -m benchmarks.soak`` (``--minutes``, ``--warm-up``, ``--seed``, ``--write``).

A gateway in a process of its own, over the simulators, is asked for pages, walks, look-ups and changes; some clients
leave before they are answered. Every few seconds one provider begins to fail in another way, and all lists change.
What is told at the end: whether its memory is flat, whether a task or a connection is left over, and whether every
answer was right or carried a documented code. It exits with 1 where one of these does not hold.
"""
