"""A run's identity: another for whatever determines its numbers, the same for another spelling."""

from hypothesis import assume, given
from hypothesis import strategies as st

from repro.study.identity import block_settings, run_identities

values = st.one_of(
    st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
seeds = st.lists(st.integers(0, 2**32), min_size=1, max_size=5, unique=True)
blocks = st.fixed_dictionaries(
    {
        "code": st.text(),
        "parameters": st.dictionaries(st.text(), values),
        "seeds": seeds,
        "data": st.text(),
    }
)


def identity(block):
    return run_identities(block_settings(**block))[0]


@given(block=blocks, other=blocks, field=st.sampled_from(["code", "seeds", "data"]))
def test_every_field_changes_it(block, other, field):
    assume(block[field] != other[field])
    assert identity(block) != identity(block | {field: other[field]})


@given(block=blocks, key=st.text(), value=values)
def test_every_parameter_changes_it(block, key, value):
    before = block["parameters"]
    assume(key not in before or repr(before[key]) != repr(value))
    assert identity(block) != identity(block | {"parameters": before | {key: value}})


@given(block=blocks)
def test_the_order_of_keys_does_not(block):
    turned = dict(reversed(block["parameters"].items()))
    assert identity(dict(reversed((block | {"parameters": turned}).items()))) == identity(block)


@given(block=blocks)
def test_every_seed_of_a_block_has_one_of_its_own(block):
    assert len(set(run_identities(block_settings(**block)))) == len(block["seeds"])
