"""Pages of one list over sources that change: the gateway, and the two designs that others use.

``python -m benchmarks.pages`` walks all rows of the five simulated sources, forwards and backwards, in pages of 10 to
500, while each provider changes 0, 1 or 3 rows (inserted, deleted, renumbered, altered, at random and repeatably)
before each call it answers, and again as many between two pages. The walker turns a page every five seconds of a clock
of its own, so that what is kept goes stale as it does in life. After a walk the rows that were there all the time,
under the same number, are compared with what was told: ``skipped`` ones never came, ``doubled`` ones came more than once.

Calls are what arrived at the simulators, log-ins included, by page. Milliseconds are the processor time of the gateway's
process by page, from the request's bytes to the answer's; the simulators run in a process of their own.

The two others stand in ``baselines``. They use the gateway's own adapters and are told the length of every list,
which backwards they could not do without.

``--write`` puts the table into ``docs/pagination.md`` and its lines for pages of 50 into the README, ``--quick`` walks a small world once, ``--json`` prints figures.
"""
