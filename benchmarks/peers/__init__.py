"""This gateway beside others: ``python -m benchmarks.peers`` loads each in turn over one fixed upstream, and compares.

One core is the contender's; the other has the load, 64 keep-alive connections of our own over uvloop (``load``), and the
upstream, which answers for all four providers from ready bytes (``upstream``). How fast these two are without anybody
between them is measured first, and how busy their core was stands beside every figure in ``--json``.

The gateway runs as ``gateway serve`` with its usual settings: clients with keys, limits, and an account of every source
in every answer; its sources may be asked as fast as they answer. Everybody else returns what the providers said, in
their words, with no client to tell and no account to give: less work for the same numbers. Before anything is timed the
answers are compared with what the upstream holds, value by value. Then contenders are loaded in turn, round by round.

``--only W1`` measures that workload alone, ``--against Tailcall`` that contender beside the gateway; ``--write`` puts
table and chart into ``docs/``. Peers are installed by ``npm ci`` from the locks beside their configurations. A prebuilt
binary may want a newer C library than the system's: ``--loader`` names the ``ld-linux`` of one, beside which it lies.
"""
