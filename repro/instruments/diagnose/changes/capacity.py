"""Changes that give back what is kept from learning: biases, units, positions, gradients."""

from collections.abc import Sequence

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change, Changes
from repro.instruments.diagnose.changes.code import changed_layers, layer_code
from repro.instruments.diagnose.measurements.crossing import Crossing
from repro.instruments.diagnose.measurements.erased import Erased
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.gradient import Cut
from repro.instruments.diagnose.measurements.row_scale import RowScale
from repro.instruments.diagnose.setup.anatomy import Site
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.definitions import FAILURES
from repro.instruments.diagnose.symptoms.network import narrow_embeddings
from repro.instruments.diagnose.symptoms.written import dropped_shares, pointwise_sites

DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout")
FEW_UNITS = 16  # of no more, a layer is widened
SOME_UNITS = 64  # of no more, it is where nothing but the failure asks for it
WIDER = 8  # times as many units, and as many at least as are few for such a layer
ADDED_DROPOUT = 0.5
WINDOW = 5  # positions that a convolution reads, where each read one
JOINED_UNITS = 64  # between an input that wasn't connected, and the output
NO_DROPOUT = Change(
    key="no_dropout",
    title="no dropout",
    size=1,
    code="# remove the Dropout layers, and dropout=… of recurrent layers",
    removes=("dropout",),
    group="dropout",
    edit=edits.chain(edits.remove(DROPOUTS), edits.undrop),
)
NO_NOISE = Change(
    key="no_noise",
    title="no noise, and inputs as they are",
    size=1,
    code="# remove GaussianNoise and the layers whose names begin with Random",
    removes=("noise",),
    group="noise",
    edit=edits.remove_noise,
)
NO_POOLING = Change(
    key="no_pooling",
    title="all positions kept: no pooling, and strides of 1",
    size=1,
    code="# Flatten() in place of Global…Pooling, no other pooling layers, and strides=1",
    removes=("pooled", "skipped"),
    treats=("narrow",),
    group="pooling",
    edit=edits.remove_pooling,
)
READ_ALL = Change(
    key="read_all",
    title="no stride longer than the window that it moves",
    size=1,
    code="# strides=1, or as long as kernel_size or pool_size at most, in each such layer",
    removes=("skipped", "unseen_inputs"),
    treats=("pooled",),
    group="pooling",
    edit=edits.read_all,
)
UNFREEZE = Change(
    key="unfreeze",
    title="all layers trained",
    size=1,
    code="model.trainable = True  # before compile",
    removes=("frozen",),
    group="frozen",
    edit=edits.unfreeze,
)
LATEST_AVERAGES = Change(
    key="fast_averages",
    title="averages of batch normalization at a momentum of 0.9",
    size=1,
    code="keras.layers.BatchNormalization(momentum=0.9)  # in place of each",
    removes=("averages_lag",),
    treats=("overfits",),
    group="averages",
    edit=edits.replace_kind("BatchNormalization", momentum=0.9),
)
WHOLE_PRECISION = Change(
    key="single_precision",
    title="all layers in float32",
    size=1,
    code='keras.config.set_floatx("float32")  # and no dtype="float16" in layers',
    removes=("half_precision",),
    group="precision",
    edit=edits.in_single_precision,
)
AGAINST = {
    "averages_lag": LATEST_AVERAGES,
    "dropout": NO_DROPOUT,
    "dropped_paths": NO_DROPOUT,
    "noise": NO_NOISE,
    "augmentation": NO_NOISE,
    "pooled": NO_POOLING,
    "skipped": READ_ALL,
    "frozen": UNFREEZE,
}
"""The change that is made against a symptom."""


def capacity_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Change what keeps layers from learning, where that was measured."""
    if "no_bias" in symptoms:
        yield _bias(setup)
    thin = _thin(setup, is_narrow="narrow" in symptoms)
    if thin and symptoms & {"narrow", *FAILURES}:
        yield _units(setup, thin)
    yield from _against(setup, symptoms)
    if "gradient_cut" in symptoms and examination.cut is not None:
        yield from _passing(setup, examination.cut)
    if "untracked" in symptoms:
        yield _tracked(setup)
    if "half_precision" in symptoms:
        yield WHOLE_PRECISION
    if "erased" in symptoms and examination.erased is not None:
        yield from _leave_out(setup, examination.erased)
    if "crossing" in symptoms and examination.crossing is not None:
        yield from _along_row(examination.crossing)
    if "softmax_of_one" in symptoms:
        yield from _along_steps(setup)
    if "row_scale" in symptoms and examination.row_scale is not None:
        yield _keeping_size(examination.row_scale)
    if "pointwise" in symptoms:
        yield _wider_windows(setup)
    if "unread_input" in symptoms and setup.output is not None:
        yield _joined(setup, setup.output)
    if "unseen_inputs" in symptoms:
        yield from _seeing(setup)
    dense = [site for site in setup.hidden if site.kind == "Dense"]
    if "overfits" in symptoms and dense:
        yield _dropout(dense)


def _thin(setup: Setup, *, is_narrow: bool) -> list[Site]:
    """Return the layers to widen; recurrent ones, which take long then, only of few units."""
    limit = FEW_UNITS if is_narrow else SOME_UNITS
    sites = [site for site in setup.hidden if site.is_plain or (is_narrow and site.has_units)]
    thin = narrow_embeddings(setup) + [site for site in sites if site.units <= limit]
    # one unit beside another path weighs what passes there, and is one by its purpose
    return [site for site in thin if site.units > 1 or site.position not in setup.bypassed]


def _against(setup: Setup, symptoms: frozenset[str]) -> Changes:
    """Take out what holds training up: what symptoms name, of a failing network any of it."""
    kinds = {type(operation).__name__ for operation in setup.operations}
    changes = {AGAINST[key].key: AGAINST[key] for key in AGAINST if key in symptoms}
    if symptoms & set(FAILURES):
        rates = [rate for operation in setup.operations for rate in dropped_shares(operation)]
        if max(rates, default=0) > 0:
            changes[NO_DROPOUT.key] = NO_DROPOUT
        if "GaussianNoise" in kinds:
            changes[NO_NOISE.key] = NO_NOISE
    yield from changes.values()


def _passing(setup: Setup, cut: Cut) -> Changes:
    """Put ReLU in the place of the operation that lets no gradient through, if it fits there."""
    if cut.position >= len(setup.operations):  # the loss itself
        return
    operation = setup.operations[cut.position]
    shapes = [getattr(tensor, "shape", None) for tensor in (operation.input, operation.output)]
    if getattr(operation, "weights", None) or shapes[0] != shapes[1]:
        return
    yield Change(
        key="pass_gradient",
        title=f"ReLU in place of {cut.kind}",
        size=1,
        code=f'keras.layers.Activation("relu")  # in place of {cut.kind}',
        removes=("gradient_cut",),
        group="cut",
        edit=edits.put_activation(cut.position, "relu"),
    )


def _tracked(setup: Setup) -> Change:
    return Change(
        key="track_weights",
        title="weights that the model knows",
        size=1,
        code=(
            "# self.w = self.add_weight(shape=(inputs, units)) in build, in place of tf.Variable;"
            "\n# and layers as attributes, self.dense = Dense(…), not inside of a function"
        ),
        removes=("untracked",),
        treats=("frozen",),
        group="untracked",
        edit=edits.track(setup.train[0]),
    )


def _leave_out(setup: Setup, erased: Erased) -> Changes:
    """Leave out the operation that makes all rows alike, if what follows fits without it."""
    operation = setup.operations[erased.position]
    if getattr(operation.input, "shape", None) != operation.output.shape:
        return
    yield Change(
        key="not_erased",
        title=f"{erased.kind} left out",
        size=1,
        code=f"# remove {erased.kind}",
        removes=("erased",),
        group="erased",
        edit=edits.pass_by([erased.position]),
    )


def _along_row(crossing: Crossing) -> Changes:
    """Let an operation that works along the rows of a batch work along another axis."""
    if crossing.axis in (0, (0,), [0]):
        for axis in (1, -1):
            yield Change(
                key=f"along_axis_{axis}",
                title=f"{crossing.kind} along axis {axis}",
                size=1,
                code=f"# axis={axis} in place of axis=0 of {crossing.kind}",
                removes=("crossing",),
                treats=("erased",),
                group="axis",
                edit=edits.along_axis(crossing.position, axis),
            )


def _along_steps(setup: Setup) -> Changes:
    """Take a softmax of one number along the steps, where there are any."""
    output = setup.output.activated_at if setup.output else -1
    ones = [i for i, o in enumerate(setup.operations) if i != output and edits.softmax_of_one(o)]
    axes = {place: edits.longest_axis(setup.operations[place]) for place in ones}
    places = {place: axis for place, axis in axes.items() if axis is not None}
    if places:
        axis = next(iter(places.values()))
        yield Change(
            key="softmax_along_steps",
            title=f"softmax along axis {axis}",
            size=len(places),
            code=f"keras.layers.Softmax(axis={axis})  # in place of the softmax of one number",
            removes=("softmax_of_one",),
            treats=("hidden_softmax", "pooled"),
            group="softmax",
            edit=edits.softmax_along(places),
        )


def _wider_windows(setup: Setup) -> Change:
    sites = pointwise_sites(setup)
    return Change(
        key="wider_windows",
        title=f"windows of {WINDOW} positions in the convolutions",
        size=len(sites),
        code=changed_layers(setup, sites, kernel_size=WINDOW),
        removes=("pointwise",),
        treats=("pooled",),
        group="windows",
        edit=edits.set_arguments(sites, kernel_size=WINDOW),
    )


def _keeping_size(scale: RowScale) -> Change:
    return Change(
        key="rows_as_they_are",
        title=f"{scale.kind} in front left out",
        size=1,
        code=f"# remove {scale.kind} in front, and standardize every feature over the rows",
        removes=("row_scale",),
        group="erased",
        edit=edits.pass_by([scale.position]),
    )


def _seeing(setup: Setup) -> Changes:
    """Let windows reach further, or give the output the input itself besides."""
    layers = edits.dilatable(setup.operations)
    if len(layers) > 1:
        yield Change(
            key="dilate",
            title="convolutions dilated by 1, 2, 4 …, from layer to layer",
            size=len(layers),
            code="\n".join(
                layer_code(setup.operations[place], dilation_rate=2**count)
                for count, place in enumerate(layers)
            ),
            removes=("unseen_inputs",),
            group="dilation",
            edit=edits.dilate,
        )
    if setup.output is not None:
        yield Change(
            key="join_whole_input",
            title=f"the whole input beside the output's own, by {JOINED_UNITS} ReLU units",
            size=2,
            code=(
                "# x is the model's input, h what goes into the output layer\n"
                f'# x = keras.layers.Dense({JOINED_UNITS}, activation="relu")'
                "(keras.layers.Flatten()(x))\n"
                "# h = keras.layers.concatenate([h, x])"
            ),
            removes=("unseen_inputs",),
            group="inputs",
            edit=edits.join_inputs(setup.output, [0], JOINED_UNITS),
            inserts=True,
        )


def _joined(setup: Setup, output: Site) -> Change:
    lines = [
        "# b is the input that isn't connected, h what goes into the output layer",
        f'# b = keras.layers.Dense({JOINED_UNITS}, activation="relu")(keras.layers.Flatten()(b))',
        "# h = keras.layers.concatenate([h, b])",
    ]
    return Change(
        key="join_input",
        title=f"the input joined in front of the output, by {JOINED_UNITS} ReLU units",
        size=2,
        code="\n".join(lines),
        removes=("unread_input",),
        group="inputs",
        edit=edits.join_inputs(output, setup.unread_inputs, JOINED_UNITS),
        inserts=True,
    )


def _dropout(dense: Sequence[Site]) -> Change:
    return Change(
        key="add_dropout",
        title=f"dropout of {ADDED_DROPOUT} behind the hidden layers",
        size=len(dense),
        code=f"keras.layers.Dropout({ADDED_DROPOUT})  # behind each hidden Dense layer",
        removes=("overfits",),
        group="dropout",
        edit=edits.add_dropout(dense, ADDED_DROPOUT),
        inserts=True,
    )


def _bias(setup: Setup) -> Change:
    return Change(
        key="bias",
        title="biases on all layers",
        size=len(setup.sites),
        code=changed_layers(setup, setup.sites, use_bias=True),
        removes=("no_bias",),
        treats=("relu_output", "dead"),
        group="bias",
        edit=edits.set_arguments(setup.sites, use_bias=True),
    )


def _fewest_units(site: Site) -> int:
    """Return the units that a widened layer has at least: dense ones cost little."""
    return SOME_UNITS if site.kind == "Dense" else FEW_UNITS


def _units(setup: Setup, thin: Sequence[Site]) -> Change:
    units = {site.position: max(WIDER * site.units, _fewest_units(site)) for site in thin}
    return Change(
        key="more_units",
        title="more units in the hidden layers",
        size=len(thin),
        code="\n".join(
            changed_layers(
                setup, [s], **{edits.count_name(setup.operations[s.position]): units[s.position]}
            )
            for s in thin
        ),
        removes=("narrow",),
        treats=("dead",),
        group="units",
        edit=edits.widen(units),
    )
