"""The table of effects: slopes of the gap on similarity, a row a (model, measure, level)."""

import pyarrow as pa

from xstilts.tables import schema

# Column of the model's data -> level of similarity.
LEVELS = {"w": "within", "b_target": "target_language", "b_language": "language"}
TRUTH = "planted"

EFFECTS = schema(
    ("model", pa.string(), "Encoder."),
    ("measure", pa.string(), "Similarity measure; `planted` is the embedded world's truth."),
    ("level", pa.string(), "within, target_language or language: the part of similarity."),
    ("estimate", pa.float64(), "Points of gap per standard deviation of that part."),
    ("se", pa.float64(), "Standard error."),
    ("df", pa.float64(), "Satterthwaite's degrees of freedom."),
    ("low", pa.float64(), "Lower end of the 95% interval."),
    ("high", pa.float64(), "Upper end of the 95% interval."),
    ("p", pa.float64(), "Two-sided p-value."),
    ("rows", pa.int32(), "Rows fitted: (intermediate, target, language), means over seeds."),
    ("missing", pa.int32(), "Rows left out, as the measure has no value there."),
    ("languages", pa.int32(), "Languages fitted."),
    ("targets", pa.int32(), "Targets fitted."),
    ("intermediates", pa.int32(), "Intermediates fitted."),
    ("singular", pa.bool_(), "Whether a variance was estimated as zero."),
    ("converged", pa.bool_(), "Whether the optimiser converged."),
    ("dropped", pa.string(), "Terms that these data cannot hold."),
    ("neg2loglik", pa.float64(), "REML criterion."),
    ("statsmodels_difference", pa.float64(), "Its difference to the statsmodels refit, if made."),
)
