"""One conversion on several machines: its segments are rendered by workers, the rest happens here.

    here    prepare ─▶ schedule ──Segments──▶ worker ─┐ decode, draw, encode with the very same code
                         ▲                            │ as a conversion of one machine (`LocalRendering`)
                         └──── files of segments ◀────┘
            journal ─▶ assemble ─▶ verify ─▶ final name

`workers` says what a cluster must be able to do, `ray_workers` does it with Ray; all else knows no Ray.
"""

from flavr_core.cluster.conversion import prepare_planning, run_on_cluster

__all__ = ["prepare_planning", "run_on_cluster"]
