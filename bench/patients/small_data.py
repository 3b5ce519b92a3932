"""The small real data sets that scikit-learn ships, each as (x, y, x_test, y_test).

Every fourth row of a fixed shuffle is for testing. Inputs are standardized by the training rows,
but the digits' grey levels, which are divided by 16.
"""

import numpy as np
from sklearn import datasets


def _split(loaded):
    order = np.random.default_rng(0).permutation(len(loaded.target))
    x, y = loaded.data[order].astype("float32"), loaded.target[order]
    test = np.arange(len(y)) % 4 == 0
    return x[~test], y[~test], x[test], y[test]


def _standardized(loaded):
    x, y, x_test, y_test = _split(loaded)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    return (x - mean) / deviation, y, (x_test - mean) / deviation, y_test


def digits():
    """1,797 images of 8 x 8 grey levels in 0..1, ten classes."""
    x, y, x_test, y_test = _split(datasets.load_digits())
    return x / 16, y, x_test / 16, y_test


def digit_labels():
    """The same images; three labels each, 0 or 1: the digit is even, is prime, is over 4."""
    x, y, x_test, y_test = digits()
    return x, _labels(y), x_test, _labels(y_test)


def _labels(y):
    return np.stack([y % 2 == 0, np.isin(y, (2, 3, 5, 7)), y > 4], axis=1).astype(int)


def iris():
    """150 flowers, 4 features, 3 classes."""
    return _standardized(datasets.load_iris())


def wine():
    """178 wines, 13 features, 3 classes."""
    return _standardized(datasets.load_wine())


def breast_cancer():
    """569 tumours, 30 features, 2 classes."""
    return _standardized(datasets.load_breast_cancer())


def diabetes():
    """442 patients, 10 features, progression of 25 to 346 as float32."""
    x, y, x_test, y_test = _standardized(datasets.load_diabetes())
    return x, y.astype("float32"), x_test, y_test.astype("float32")


def raw_breast_cancer():
    """The same tumours in the units that they were measured in."""
    return _split(datasets.load_breast_cancer())
