"""Compare a hand-written training step with the gradient that TensorFlow derives for its loss."""

from repro.instruments.gradient_audit.audit import Audit
from repro.instruments.gradient_audit.procedure import gradient_audit

__all__ = ["Audit", "gradient_audit"]
