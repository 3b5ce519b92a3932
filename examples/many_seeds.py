# %% [markdown]
# # Many seeds of your own model
#
# One run says little: another seed may give another result. `fit_seeds` takes the arguments of
# `keras.Model.fit`, trains the model for many seeds at once, and gives the numbers of `fit`.

# %%
import repro  # first, so that TensorFlow starts quietly

# %%
import keras
from sklearn.datasets import load_digits

x, y = load_digits(return_X_y=True)
x = (x / 16).astype("float32")


# %% [markdown]
# `build` returns your compiled model. It is called once a seed; the seed sets the initial weights
# and the order of the data.


# %%
def build(activation="relu"):
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


fit = repro.fit_seeds(build, x, y, seeds=8, epochs=5, validation_split=0.2, verbose=0)
print(fit.summary().round(3))

# %% [markdown]
# Every seed is a thin line, their mean is the thick one, with its 95 % interval.

# %%
fit.plot("accuracy")

# %% [markdown]
# Two activations over the same seeds: the differences are paired.

# %%
other = repro.fit_seeds(
    lambda: build("sigmoid"), x, y, seeds=8, epochs=5, validation_split=0.2, verbose=0
)
last, other_last = (f.frame.groupby("seed").val_accuracy.last() for f in (fit, other))
print(f"ReLU is ahead of sigmoid by {(last - other_last).mean():.3f} on average,")
print(f"and for {(last > other_last).sum()} of {len(last)} seeds.")

# %% [markdown]
# A seed's model is an ordinary Keras model.

# %%
best = fit.model(seed=3)
print(best.evaluate(x, y, verbose=0, return_dict=True))
