"""What the audit compares a step with: a model, a function, central differences."""

import pytest
import tensorflow as tf

from .audited_steps import audit_forward, forward, named_step


def test_function_in_place_of_a_model():
    audit = audit_forward()
    assert audit.is_right
    assert list(audit.table["layer"]) == [1, 2, 2]
    assert list(audit.table["kind"]) == ["weights", "weights", "bias"]


def test_function_names_factor_and_bias_decay():
    found = audit_forward(step=lambda p, x, y: named_step(p, x, y, decay=True, scale=0.5)).causes
    decay = "error replaced by the bias (weight decay)"
    assert found == {"factor 1/2": ["kernel1", "kernel2"], decay: ["b2"]}


def test_a_single_number_is_not_explained_by_any_factor():
    def step(p, x, y):
        named_step(p, x, y)
        p["b2"] -= 0.0123

    assert audit_forward(step=step).causes == {"unexplained": ["b2"]}


def test_central_differences_confirm_the_reference():
    assert (audit_forward().table["reference_error"] < 1e-8).all()
    assert "Central differences confirm" in str(audit_forward())


def test_central_differences_refuse_a_wrong_reference():
    def stopped(p, x):
        return forward({**p, "kernel2": 2 * p["kernel2"] - tf.stop_gradient(p["kernel2"])}, x)

    audit = audit_forward(stopped)
    table = audit.table.set_index("parameter")
    assert list(table["status"]) == ["ok", "unconfirmed", "ok"]
    assert table.loc["kernel2", "missing_factor"] == "not compared"
    assert table.loc["kernel2", "reference_error"] == pytest.approx(0.5, rel=0.2)
    assert not audit.is_right
    assert "Central differences confirm" not in str(audit)


def test_without_checks_nothing_is_claimed_of_the_reference():
    audit = audit_forward(checks=0)
    assert audit.table["reference_error"].isna().all()
    assert "Central differences confirm" not in str(audit)
