# %% [markdown]
# # Why does my network fail?
#
# `diagnose` trains your network as it is and with changes, over several seeds, and says which
# change makes it work. Here a network that should tell digits apart has inputs of 0 to 255 and a
# learning rate for inputs of 0 to 1: the fault of the MNIST thread.

# %%
import repro  # first, so that TensorFlow starts quietly

# %%
import keras
from sklearn.datasets import load_digits

x, y = load_digits(return_X_y=True)
x = (x * 255 / 16).astype("float32")


# %%
def build():
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, "relu"),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    return model


# %%
diagnosis = repro.diagnose(
    build, x[:1200], y[:1200], validation_data=(x[1200:], y[1200:]), epochs=5, seeds=4
)
print(diagnosis)

# %% [markdown]
# The verdict, the cause and the change can be read one by one; the table has all that was tried.

# %%
print(diagnosis.verdict, diagnosis.cause, diagnosis.code, sep="\n")
print(diagnosis.table)

# %% [markdown]
# What every change gains: a point is a seed, the line is the 95 % interval of the mean.

# %%
diagnosis.plot()
