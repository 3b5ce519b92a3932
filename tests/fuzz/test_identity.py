"""A run's identity: another for whatever determines its numbers, the same for another spelling."""

from hypothesis import assume, given
from hypothesis import strategies as st

from repro.study.identity import run_identity

values = st.one_of(
    st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
runs = st.fixed_dictionaries(
    {
        "experiment": st.text(),
        "code": st.text(),
        "parameters": st.dictionaries(st.text(), values),
        "seed": st.integers(0, 2**32),
        "block": st.lists(st.integers(0, 2**32), max_size=5),
        "data": st.text(),
    }
)


@given(run=runs, other=runs, field=st.sampled_from(["experiment", "code", "seed", "block", "data"]))
def test_every_field_changes_it(run, other, field):
    assume(run[field] != other[field])
    assert run_identity(**run) != run_identity(**(run | {field: other[field]}))


@given(run=runs, key=st.text(), value=values)
def test_every_parameter_changes_it(run, key, value):
    before = run["parameters"]
    assume(key not in before or repr(before[key]) != repr(value))
    assert run_identity(**run) != run_identity(**(run | {"parameters": before | {key: value}}))


@given(run=runs)
def test_the_order_of_keys_does_not(run):
    turned = dict(reversed(run["parameters"].items()))
    assert run_identity(**dict(reversed((run | {"parameters": turned}).items()))) == run_identity(
        **run
    )
