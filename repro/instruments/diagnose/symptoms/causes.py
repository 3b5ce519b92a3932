"""Explain symptoms by causes, in the order of the chain: data, labels, network, start, steps."""

from collections.abc import Sequence
from dataclasses import dataclass

from repro.instruments.diagnose.symptoms.symptom import Symptom


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A cause of failure.

    Attributes:
        title: its name in words.
        signs: the symptoms that point at it.
        says: a sentence on how it does harm.
        remedy: what mends it, in words, for who can't try it here.
        certain: whether its signs are facts of code and data: then it is there, and all that a
            trial has to show is that it does harm.
        unless: the symptoms that speak against it.
        usual: whether its signs are found in many a healthy network, so that others go before it.
    """

    title: str
    signs: tuple[str, ...]
    says: str
    remedy: str
    certain: bool = False
    unless: tuple[str, ...] = ()
    usual: bool = False


OF_OTHER_INPUTS = (
    "columns_reordered",
    "axes_turned",
    "padding_differs",
    "validation_differs",
    "validation_shifted",
    "feature_shifted",
)
"""The symptoms of validation inputs that are unlike those of training."""
CAUSES = {
    "labels_encoding": Cause(
        title="labels written in another way than the loss reads them",
        signs=("labels_encoding", "labels_range"),
        says="The loss reads other labels than the data hold",
        remedy="count labels from 0 for a sparse loss, give a column a class to any other",
        certain=True,
    ),
    "labels_shifted": Cause(
        title="labels belong to other rows",
        signs=("labels_shifted",),
        says="The labels stand beside other rows",
        remedy="look for rows that were sorted, dropped or shuffled without their labels",
    ),
    "labels_renamed": Cause(
        title="validation labels counted in another order",
        signs=("labels_renamed",),
        says="A class of one name in training has another in the validation data",
        remedy="encode both by one encoder, fitted on the training labels",
    ),
    "mixed_rows": Cause(
        title="rows mixed up by a reshape",
        signs=("mixed_rows",),
        says="Each row holds numbers of many rows, and no label goes with those",
        remedy="transpose where axes are to change places; reshape only cuts the numbers anew",
    ),
    "mixed_axes": Cause(
        title="steps and channels mixed up by a reshape",
        signs=("mixed_axes",),
        says="Each step holds numbers of many steps, and each channel those of others",
        remedy="transpose where axes are to change places; reshape only cuts the numbers anew",
    ),
    "split": Cause(
        title="training and validation rows of other classes",
        signs=("unseen_classes", "class_shares"),
        says="What is asked for was hardly shown, if at all",
        remedy="shuffle the rows before they are split",
        certain=True,
    ),
    "order": Cause(
        title="rows in the order of their targets",
        signs=("sorted_rows",),
        says="Each batch teaches the network to predict its own targets, one after the other",
        remedy="shuffle the rows, or leave shuffle=True",
    ),
    "cut_tokens": Cause(
        title="tokens that are no whole numbers",
        signs=("cut_tokens",),
        says="An embedding leaves out what stands behind the point, so that tokens become alike",
        remedy="give the embedding whole numbers from 0: tokens are not scaled",
        certain=True,
    ),
    "shifted_rows": Cause(
        title="rows of an embedding that stand one place off",
        signs=("shifted_rows",),
        says="Each token is given the vector of another one",
        remedy="write the vector of token i into row i, where tokens count from 1 not into i - 1",
    ),
    "index_range": Cause(
        title="tokens out of the embedding's range",
        signs=("index_range",),
        says="There is no row to look up for them",
        remedy="set input_dim to the largest token plus 1",
        certain=True,
    ),
    "imbalance": Cause(
        title="classes out of balance",
        signs=("imbalance", "missed_class"),
        says=(
            "Whoever never names a rare class is right for nearly as many rows, so that the loss "
            "hardly asks for it; here all classes count alike"
        ),
        remedy="weigh the classes, and look at precision and recall",
    ),
    "validation": Cause(
        title="validation data preprocessed differently",
        signs=OF_OTHER_INPUTS,
        says="The network is asked about inputs unlike those that it learned from",
        remedy="preprocess both by the same function, with the training data's numbers",
    ),
    "validation_labels": Cause(
        title="validation labels belong to other rows",
        signs=("validation_unrelated",),
        says="The score compares predictions with the labels of other rows",
        remedy=(
            "shuffle inputs and labels by one order; predict from a generator with shuffle=False"
        ),
    ),
    "rules_apart": Cause(
        title="training and validation data written by different numbers",
        signs=("rules_apart",),
        says="What the network learns of the one does not hold for the other",
        remedy=(
            "fit one word index, encoder or scaler on the training data, and use it for both; look "
            "at the order of columns and classes"
        ),
        unless=(
            "labels_renamed",
            *OF_OTHER_INPUTS,
            "targets_differ",
            "targets_apart",
            "unseen_classes",
            "class_shares",
            "leaks",
        ),
    ),
    "validation_targets": Cause(
        title="validation targets in other units than those of training",
        signs=("targets_differ", "targets_apart"),
        says="What the network learned to predict is compared with numbers of another size",
        remedy="scale both by the same numbers, those of the training targets",
    ),
    "leak": Cause(
        title="a feature that gives the target away in training",
        signs=("leaks",),
        says="The network learns to read that feature, which says nothing of new rows",
        remedy="leave the feature out: a row's number, a date of entry, something known afterwards",
    ),
    "output_loss": Cause(
        title="loss and output activation don't fit",
        signs=("softmax_one_unit", "softmax_axis", "loss_output", "loss_task"),
        says="The loss is not made for such an output",
        remedy=(
            "sigmoid with binary_crossentropy for yes or no, softmax with a categorical one for "
            "classes, no activation with mean_squared_error for numbers; from_logits=True if and "
            "only if the output has no activation"
        ),
        certain=True,
    ),
    "loss_reversed": Cause(
        title="the loss rewards error",
        signs=("loss_reversed",),
        says="What makes this loss smaller makes the predictions worse",
        remedy="look for a sign that is wrong, or for an absolute value or a square left out",
        certain=True,
    ),
    "gradient_cut": Cause(
        title="an operation that lets no gradient through",
        signs=("gradient_cut",),
        says="What stands before it stays as it was drawn",
        remedy="leave out rounding, argmax, comparisons and stop_gradient between layers",
        certain=True,
    ),
    "erased": Cause(
        title="an operation that makes all rows alike",
        signs=("erased",),
        says="Nothing behind it can tell one row from another",
        remedy="leave it out, or let it work along an axis of more than one number",
        certain=True,
    ),
    "crossing": Cause(
        title="an operation along the rows of a batch",
        signs=("crossing",),
        says="What is predicted of a row depends on which other rows are in its batch",
        remedy=(
            "axis 0 holds the rows of a batch: give sums, means and softmax axis=-1 or 1, and let "
            "a reshape or transpose keep the first axis"
        ),
        certain=True,
    ),
    "softmax_of_one": Cause(
        title="softmax over a single number inside the network",
        signs=("softmax_of_one",),
        says="It puts out 1 whatever goes in, so that all that it was to weigh counts alike",
        remedy="take it along the axis of the steps: keras.layers.Softmax(axis=1)",
        certain=True,
    ),
    "row_scale": Cause(
        title="rows brought to one size before anything reads them",
        signs=("row_scale",),
        says="The level or size of a row, by which targets differ, is divided away",
        remedy="standardize every feature over the rows, and not each row by itself",
    ),
    "unseen_inputs": Cause(
        title="the output doesn't see all of a row",
        signs=("unseen_inputs",),
        says="What tells the targets lies outside of all that the windows of its layers reach",
        remedy=(
            "dilation_rate of 1, 2, 4, 8 … in a stack of convolutions, longer kernels, or Flatten "
            "in place of a single step or of cropping"
        ),
        certain=True,
    ),
    "unread_input": Cause(
        title="an input that isn't connected",
        signs=("unread_input",),
        says="What it holds is never looked at",
        remedy="look for a variable that is used twice, where two branches are joined",
        certain=True,
    ),
    "loss_pairs": Cause(
        title="the loss compares every row with every other",
        signs=("loss_pairs", "unpaired"),
        says="It is least if every row is predicted as the mean of all",
        remedy="give targets and outputs the same shape in the loss, such as (n, 1)",
        certain=True,
    ),
    "untracked": Cause(
        title="weights that are no weights of the model",
        signs=("untracked",),
        says="No optimizer is told of them, so that they stay as they were drawn",
        remedy=(
            "make weights by self.add_weight in build, and keep layers as attributes of a layer or "
            "a model, not inside of a function"
        ),
        certain=True,
    ),
    "undefined_gradient": Cause(
        title="an operation that has no gradient where these rows are",
        signs=("undefined_gradient",),
        says="One NaN in a batch makes every weight NaN",
        remedy="sqrt(maximum(x, 1e-7)) for a root or a norm, and the like in divisions",
        certain=True,
    ),
    "double_activation": Cause(
        title="the output is activated twice",
        signs=("double_activation",),
        says="What the first activation puts out is all that the second gets to see",
        remedy="leave out one of the two activations",
        certain=True,
    ),
    "output_noise": Cause(
        title="dropout or normalization behind the output",
        signs=("output_noise",),
        says="Training sees predictions that are dropped, blurred or scaled anew",
        remedy="put such layers in front of the output layer",
        certain=True,
    ),
    "channels_first": Cause(
        title="channels where positions are expected",
        signs=("channels_first",),
        says="What stands side by side is taken for channels, and channels for what stands so",
        remedy="x = np.moveaxis(x, 1, -1), not reshape, and the Input accordingly",
    ),
    "loss_weight": Cause(
        title="the loss of this output hardly counts",
        signs=("loss_weight",),
        says="What the loss doesn't hear of, it doesn't ask for",
        remedy="raise this output's entry in loss_weights",
        certain=True,
    ),
    "drowned": Cause(
        title="another output's loss drowns this one's",
        signs=("drowned",),
        says="Layers that the outputs share are trained for the larger losses alone",
        remedy="give loss_weights that make the losses alike, or standardize large targets",
    ),
    "output_axes": Cause(
        title="an output for every step or pixel where the target is one a row",
        signs=("output_axes",),
        says="Keras compares each of them with the one target, or can't",
        remedy="return_sequences=False in the last recurrent layer, or Flatten before Dense layers",
        certain=True,
    ),
    "output_width": Cause(
        title="wrong number of output units",
        signs=("target_shape",),
        says="Keras stretches the targets over the output units, or can't",
        remedy="give the output as many units as the targets have columns",
        certain=True,
    ),
    "unreachable": Cause(
        title="targets out of the output's reach",
        signs=("unreachable",),
        says="No weights bring the output to these targets",
        remedy="take the activation off the output, or scale the targets into its range",
        certain=True,
    ),
    "alike": Cause(
        title="units start alike",
        signs=("alike",),
        says="Units that start alike get the same gradient and stay so",
        remedy="draw kernels at random: kernel_initializer='glorot_uniform'",
        certain=True,
    ),
    "frozen": Cause(
        title="layers are kept from training",
        signs=("frozen",),
        says="What they compute stays the same, whatever the targets ask for",
        remedy="set trainable to True before compile",
    ),
    "weights": Cause(
        title="few rows have all of the weight",
        signs=("weighted", "weighted_classes"),
        says="The loss hears of the other rows next to nothing",
        remedy="check sample_weight and class_weight",
    ),
    "inputs_missing": Cause(
        title="missing values in the inputs",
        signs=("missing_inputs",),
        says="A single NaN makes every sum NaN that it enters, and soon every weight",
        remedy="fill missing values, by the mean of the feature, or leave out those rows",
        certain=True,
    ),
    "inputs_coarse": Cause(
        title="inputs rounded to next to nothing",
        signs=("coarse_inputs",),
        says="What a division of whole numbers or a cast leaves tells little of what was there",
        remedy="divide as floats: x.astype('float32') / 255, not x // 255",
    ),
    "rows_sized": Cause(
        title="rows that were scaled one by one before they were given",
        signs=("sized_rows",),
        says="What level and size a row had is gone, and nothing brings it back here",
        remedy="standardize by columns: x.mean(axis=0) and x.std(axis=0), not axis=1",
    ),
    "inputs_line": Cause(
        title="inputs that hold a single number a row",
        signs=("on_a_line",),
        says="A time, a row's number or one value repeated is all that the network gets to see",
        remedy="give the values themselves, such as those of the series before, not their times",
    ),
    "outliers": Cause(
        title="a few values far out in the inputs",
        signs=("outliers",),
        says="They set the scale, and all others lie close together beside them",
        remedy="clip every feature to its usual range, and look for codes such as -999",
    ),
    "codes": Cause(
        title="codes read as numbers",
        signs=("codes",),
        says="The number of a category is no size, and neighbours in number are not alike",
        remedy="one column a category, or an Embedding",
    ),
    "input_scale": Cause(
        title="inputs not scaled",
        signs=("input_scale", "input_uneven", "input_tiny"),
        says="A weight's step grows with its input, so no one rate suits inputs of such a size",
        remedy="standardize every feature by the training rows",
    ),
    "relu_output": Cause(
        title="ReLU on the output",
        signs=("relu_output",),
        says="An output unit that is switched off gets no gradient, and none passes it",
        remedy="no activation for numbers, sigmoid or softmax for classes",
    ),
    "long_tail": Cause(
        title="targets with a long tail",
        signs=("long_tail",),
        says="The few large ones make nearly all of the loss, and the rest is hardly heard",
        remedy="learn the logarithm of the targets, and take exp of the predictions",
    ),
    "target_outliers": Cause(
        title="a few targets far out",
        signs=("target_outliers",),
        says="Their squared errors outweigh those of all other rows",
        remedy="look whether these targets are errors; clip them, or take an absolute error",
    ),
    "target_scale": Cause(
        title="targets not scaled",
        signs=("target_scale", "target_tiny"),
        says="Weights that start near 1 take steps that don't suit an output of that size",
        remedy="standardize the targets, and multiply predictions back",
    ),
    "target_sizes": Cause(
        title="targets of very different size",
        signs=("target_sizes",),
        says="The loss adds the columns up, so that the small ones hardly count",
        remedy="standardize every target column, and multiply predictions back",
    ),
    "penalty": Cause(
        title="weights held down by a penalty",
        signs=("penalty", "activity_penalty", "weight_decay"),
        says="It costs less to keep the weights small than to fit the data",
        remedy="lower l1, l2 and weight_decay a hundredfold, or leave them out",
    ),
    "added_loss": Cause(
        title="a loss that a layer adds outweighs that of the targets",
        signs=("added_loss",),
        says="It costs less to please that layer than to predict the targets",
        remedy=(
            "multiply what add_loss is given by a small number, and let the loss of the targets be "
            "a sum over all of them where that of the layer is one"
        ),
    ),
    "constraint": Cause(
        title="weights held by a constraint",
        signs=("constraint",),
        says="Whatever a step does to them, the weights are brought back into their bounds",
        remedy="leave out kernel_constraint",
    ),
    "optimizer_settings": Cause(
        title="optimizer settings far from the default",
        signs=("odd_settings",),
        says="Steps follow gradients of long ago, or hardly any",
        remedy="leave momentum, beta_1, beta_2, rho and epsilon as Keras has them",
    ),
    "loss_settings": Cause(
        title="settings of the loss far from the default",
        signs=("odd_loss",),
        says="It hardly asks for what the targets say",
        remedy="leave label_smoothing, delta, gamma and alpha as Keras has them",
    ),
    "hidden_softmax": Cause(
        title="softmax in a hidden layer",
        signs=("hidden_softmax",),
        says="The more units it has, the less each of them can pass on",
        remedy="use relu in hidden layers",
    ),
    "no_bias": Cause(
        title="no biases",
        signs=("no_bias",),
        says="No weight can move the output of a row that is all zero",
        remedy="leave use_bias=True",
    ),
    "linear_stack": Cause(
        title="no activation between the layers",
        signs=("linear_stack",),
        says="Linear layers in a row are one",
        remedy="give hidden layers an activation: relu",
    ),
    "no_hidden": Cause(
        title="no hidden layer",
        signs=("no_hidden",),
        says="A single layer draws straight lines only",
        remedy="put a hidden layer with relu in front of the output",
    ),
    "narrow": Cause(
        title="too few units",
        signs=("narrow",),
        says="What doesn't pass the bottleneck is lost",
        remedy="widen the narrowest layer",
    ),
    "dropout": Cause(
        title="too much dropout",
        signs=("dropout", "dropped_paths"),
        says="Most of what a row says is dropped in every step",
        remedy="drop a fifth to a half",
    ),
    "noise": Cause(
        title="noise that drowns the inputs",
        signs=("noise", "augmentation"),
        says="Training sees other inputs than those that are asked for",
        remedy="less noise, and no change that makes one class look like another",
    ),
    "skipped": Cause(
        title="strides longer than the window that they move",
        signs=("skipped",),
        says="What lies between two windows is never looked at",
        remedy="strides no longer than kernel_size or pool_size",
    ),
    "pointwise": Cause(
        title="convolutions that look at one position at a time",
        signs=("pointwise",),
        says="What stands beside what, and in which order, is lost before it is pooled",
        remedy="kernel_size=3 or more",
    ),
    "pooled": Cause(
        title="pooling or strides that leave no positions",
        signs=("pooled",),
        says="Where something was in the image or sequence is lost",
        remedy="pool less, by shorter strides, and flatten in place of global pooling",
        usual=True,
    ),
    "single_step": Cause(
        title="a recurrent layer that reads a single step",
        signs=("single_steps",),
        says="It has nothing to remember: what came before a row is in other rows",
        remedy="give it windows: a row with those before it, as the steps of one input",
    ),
    "mask": Cause(
        title="padding is read like data",
        signs=("unmasked",),
        says="A recurrent layer reads padding last, and forgets the data in front of it",
        remedy="mask_zero=True in the embedding, a Masking layer, or padding in front",
    ),
    "backward_steps": Cause(
        title="a recurrent layer that puts its steps out backwards",
        signs=("backward_steps",),
        says="What it says of the last step stands first, beside what others say of the first step",
        remedy="turn its output round, keras.ops.flip(h, axis=1), or take Bidirectional",
        certain=True,
    ),
    "unread_steps": Cause(
        title="steps that the output of another step doesn't see",
        signs=("unread_steps",),
        says="Where targets depend on neighbouring steps, they can't be told from one alone",
        remedy=(
            "a recurrent layer with return_sequences=True reads the steps before, a Bidirectional "
            "one those after it, too; a convolution reads its neighbours"
        ),
        usual=True,
    ),
    "forgets": Cause(
        title="more steps than a recurrent layer remembers",
        signs=("many_steps",),
        says="The gradient of the steps read first has faded before it gets back to them",
        remedy="let it read backwards or both ways (Bidirectional), fewer steps, GRU or LSTM",
        usual=True,
    ),
    "masked_data": Cause(
        title="data are masked as if they were padding",
        signs=("masked_data",),
        says="A recurrent layer skips what is masked",
        remedy="mask a number that no data have, or nothing",
    ),
    "averages_lag": Cause(
        title="moving averages that lag behind",
        signs=("averages_lag",),
        says="Predictions are made by averages that training doesn't use, and that haven't settled",
        remedy="a momentum of 0.9 for BatchNormalization, or more steps",
    ),
    "unadapted": Cause(
        title="a Normalization layer that was never adapted",
        signs=("unadapted",),
        says="It passes its inputs on as they come",
        remedy="layer.adapt(x) before the model is compiled",
        certain=True,
    ),
    "batch_norm_alone": Cause(
        title="batch normalization over too few rows",
        signs=("batch_norm_alone",),
        says="Of one or two rows, mean and deviation say nothing",
        remedy="train in batches of 16 rows or more",
    ),
    "initial_weights": Cause(
        title="initial weights don't fit the depth or the activation",
        signs=(
            "weights_large",
            "weights_small",
            "weights_one_sign",
            "signal_forecast_small",
            "signal_forecast_large",
            "vanishing_signal",
            "exploding_signal",
            "exploding_gradient",
            "born_dead",
            "saturated_at_birth",
            "own_alike",
        ),
        says="The initial weights pass neither signal nor gradient on at their size",
        remedy="kernel_initializer='he_normal' for relu, 'glorot_uniform' for sigmoid and tanh",
    ),
    "vanishing": Cause(
        title="gradient vanishes through the layers",
        signs=("vanishing_gradient", "curved_stack"),
        says="Every layer's slope makes the gradient smaller",
        remedy="use relu in hidden layers, or fewer of them",
    ),
    "unbounded_state": Cause(
        title="a recurrent state without bounds",
        signs=("unbounded_state",),
        says="Every step multiplies the state, and nothing keeps it from growing",
        remedy="leave activation='tanh' in recurrent layers",
    ),
    "half_precision": Cause(
        title="weights of half precision",
        signs=("half_precision",),
        says="Small steps round to nothing there, and squares of small gradients to 0",
        remedy="float32, or the policy mixed_float16, which keeps weights in float32",
    ),
    "loss_summed": Cause(
        title="a loss that is summed over the batch",
        signs=("sum_reduction", "loss_summed"),
        says="The gradient, and with it the step, is as many times as long as a batch has rows",
        remedy="leave reduction as it is, or take the mean over the rows",
    ),
    "rate_high": Cause(
        title="learning rate too high",
        signs=(
            "over_limit",
            "large_steps",
            "diverges",
            "nan_loss",
            "killed",
            "rate_above_usual",
        ),
        says="A step goes past what it aims at",
        remedy="divide the rate by 10, and by 10 again",
    ),
    "saturated": Cause(
        title="saturated units",
        signs=("saturated",),
        says="Saturated units pass no gradient",
        remedy="use relu, or smaller initial weights",
    ),
    "dead": Cause(
        title="dead ReLU units",
        signs=("killed", "output_dead"),
        says="Dead units get no gradient",
        remedy="use leaky_relu, or a lower rate",
    ),
    "large_batch": Cause(
        title="batch too large",
        signs=("large_batch",),
        says="Few steps are taken",
        remedy="take batches of 32",
    ),
    "small_batch": Cause(
        title="batches too small",
        signs=("few_in_batch",),
        says="The gradient of a row or a few says more of these rows than of the task",
        remedy="take batches of 32",
    ),
    "gathered": Cause(
        title="gradients gathered over too many batches",
        signs=("gathered",),
        says="The weights are changed a few times only",
        remedy="leave out gradient_accumulation_steps, or train as many times as long",
    ),
    "clip": Cause(
        title="gradients clipped to nothing",
        signs=("tiny_clip",),
        says="However wrong the network is, its steps stay short",
        remedy="clip gradients to a length of 1, or not at all",
    ),
    "schedule": Cause(
        title="a schedule that ends learning early",
        signs=("rate_fades",),
        says="Most steps are taken at a rate of next to nothing",
        remedy="decay_steps counts batches, not epochs: make it as large as all steps of training",
    ),
    "warm_up": Cause(
        title="a warm-up longer than the training",
        signs=("rate_warms",),
        says="The rate never comes near to what it is meant to be",
        remedy="warm up for a tenth of all steps, or leave the rate as it is meant to be",
    ),
    "rate_low": Cause(
        title="learning rate too low",
        signs=(
            "tiny_steps",
            "rate_below_usual",
            "slow",
            "stalls",
            "below_linear",
            "below_neighbours",
        ),
        says="Steps are too short for so few of them",
        remedy="multiply the rate by 10, and by 10 again",
        unless=("over_limit", "large_steps", "killed", "born_dead", "diverges", "nan_loss"),
    ),
    "loss_choice": Cause(
        title="a loss that learns slowly here",
        signs=("squared_classes", "absolute_loss", "foreign_loss"),
        says="Another loss of the same targets leads there faster",
        remedy="a cross-entropy for classes, mean_squared_error for numbers",
    ),
    "own_loss": Cause(
        title="a loss of one's own",
        signs=("own_loss",),
        says="It may ask for something else than the targets",
        remedy="compare it with the loss of Keras that is meant for such targets",
    ),
    "own_steps": Cause(
        title="a training step of one's own",
        signs=("own_steps",),
        says="It may ask for something else than the targets, or move the weights otherwise",
        remedy="leave train_step to Keras, or compare each of its lines with Keras' own",
    ),
    "epochs": Cause(
        title="too few steps",
        signs=("few_steps", "slow", "stalls", "below_linear", "below_neighbours"),
        says="Training stops before the network has learned",
        remedy="train longer",
    ),
    "optimizer": Cause(
        title="an optimizer that learns slowly here",
        signs=("other_optimizer",),
        says="Adam gives every weight a rate of its own",
        remedy="use Adam at its default rate",
    ),
    "label_noise": Cause(
        title="labels contradict each other",
        signs=("label_noise",),
        says="No network can agree with labels that disagree",
        remedy="look at rows whose nearest rows have another label, and correct them",
    ),
    "cut_rows": Cause(
        title="sequences cut at the wrong end, or labels of other rows",
        signs=("full_rows",),
        says="If what tells the targets was cut off, nothing here brings it back",
        remedy=(
            "look at whole sequences: pad_sequences cuts them in front, unless truncating='post'; "
            "then check that labels and rows were read in the same order"
        ),
    ),
    "labels_unrelated": Cause(
        title="labels have nothing to do with the inputs",
        signs=("labels_unrelated",),
        unless=("nothing_varies",),
        says="If so, there is nothing to learn, whatever the network",
        remedy="check that labels and rows were read in the same order",
    ),
    "inputs_constant": Cause(
        title="inputs that don't vary",
        signs=("constant_inputs", "nothing_varies"),
        says="A feature that is the same in all rows tells nothing",
        remedy="check how the inputs are read and scaled",
    ),
    "overfits": Cause(
        title="training rows learned by heart",
        signs=("overfits",),
        says="It fits the training rows, and not what they have in common with others",
        remedy="more rows, fewer units, dropout, or fewer epochs",
    ),
    "shared_rows": Cause(
        title="validation rows that are training rows",
        signs=("shared_rows",),
        says="The score tells what was learned by heart, and says nothing of new rows",
        remedy="split the rows before any is copied, and score on those that weren't trained on",
    ),
    "metric_labels": Cause(
        title="a metric that reads labels or predictions in another way than the loss",
        signs=("metric_labels", "metric_exact", "metric_units", "metric_blind"),
        says="What it shows says nothing of the fit",
        remedy=(
            'metrics=["accuracy"], which Keras makes fit the labels; BinaryIoU or OneHotMeanIoU '
            "for the overlap of areas"
        ),
    ),
    "metric": Cause(
        title="accuracy asked of numbers",
        signs=("accuracy_metric",),
        says="Accuracy asks for equality, which real numbers hardly ever have: it tells nothing",
        remedy="look at mean_absolute_error or at R² instead",
    ),
}
UNPROVABLE = (
    "rules_apart",
    "cut_rows",
    "labels_unrelated",
    "label_noise",
    "inputs_constant",
    "inputs_coarse",
    "inputs_line",
    "rows_sized",
)
"""Causes that no change can be tried against."""


@dataclass(frozen=True)
class Finding:
    """A cause that symptoms point at.

    Attributes:
        key: its key in `CAUSES`.
        signs: the symptoms that point at it.
    """

    key: str
    signs: tuple[Symptom, ...]

    @property
    def is_certain(self) -> bool:
        """True if its signs are facts of code or data, or measured beyond doubt."""
        is_flagrant = any(sign.value > sign.definition.certain_above for sign in self.signs)
        return CAUSES[self.key].certain or is_flagrant

    @property
    def title(self) -> str:
        """The cause in words."""
        return CAUSES[self.key].title


def explain(symptoms: Sequence[Symptom]) -> list[Finding]:
    """Return the causes that are present, in the order of `CAUSES`, the usual ones last."""
    keys = {symptom.key for symptom in symptoms}
    findings = []
    for key, cause in CAUSES.items():
        signs = tuple(symptom for symptom in symptoms if symptom.key in cause.signs)
        if signs and not keys & set(cause.unless):
            findings.append(Finding(key, signs))
    return sorted(findings, key=lambda finding: CAUSES[finding.key].usual)


def capital(text: str) -> str:
    """Return a clause as the beginning of a sentence; a name with underscores is code."""
    is_code = "_" in text.partition(" ")[0]
    return text if is_code else text[:1].upper() + text[1:]
