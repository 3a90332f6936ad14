"""Two networks of a comparison on Speech Commands: log spectrograms of one second, 161 frequencies × 99 frames."""

from __future__ import annotations

import keras
from keras import layers

from earmark.models.architectures import Shape
from earmark.models.architectures.chain import chain


def light_cnn(shape: Shape) -> keras.Model:
    """Light CNN: five small convolutions and two dense layers, 128 features.

    With a softmax of 12 on (161, 99, 1) it has the published 723,968 parameters, 723,454 of them trainable.
    """
    return chain(
        "light_cnn",
        shape,
        layers.BatchNormalization(name="norm_image"),
        layers.Conv2D(8, 2, activation="relu", name="conv_1"),
        layers.Conv2D(8, 2, activation="relu", name="conv_2"),
        layers.MaxPooling2D(2, name="pool_1"),
        layers.Dropout(0.2, name="dropout_1"),
        layers.Conv2D(16, 3, activation="relu", name="conv_3"),
        layers.Conv2D(16, 3, activation="relu", name="conv_4"),
        layers.MaxPooling2D(2, name="pool_2"),
        layers.Dropout(0.2, name="dropout_2"),
        layers.Conv2D(32, 3, activation="relu", name="conv_5"),
        layers.MaxPooling2D(2, name="pool_3"),
        layers.Dropout(0.2, name="dropout_3"),
        layers.Flatten(name="flatten"),
        layers.Dense(128, activation="relu", name="dense_1"),
        layers.BatchNormalization(name="norm_1"),
        layers.Dense(128, activation="relu", name="dense_2"),
        layers.BatchNormalization(name="norm_2"),
    )


def mnist_cnn(shape: Shape) -> keras.Model:
    """The two convolutions and the dense layer of the MNIST tutorials, each with batch norm, 1024 features.

    With a softmax of 12 on (161, 99, 1) it has the published 55,038,988 parameters, 54,929,868 of them trainable.
    Those three numbers and the image fix the kernels (5 × 5, then 3 × 3, unpadded) and what is normalised (32, the
    flattened 53,504, 1024); the dropout of .4 before the softmax is the tutorial's.
    """
    return chain(
        "mnist_cnn",
        shape,
        layers.Conv2D(32, 5, activation="relu", name="conv_1"),
        layers.MaxPooling2D(2, name="pool_1"),
        layers.BatchNormalization(name="norm_1"),
        layers.Conv2D(64, 3, activation="relu", name="conv_2"),
        layers.MaxPooling2D(2, name="pool_2"),
        layers.Flatten(name="flatten"),
        layers.BatchNormalization(name="norm_2"),
        layers.Dense(1024, activation="relu", name="dense_1"),
        layers.BatchNormalization(name="norm_3"),
        layers.Dropout(0.4, name="dropout_1"),
    )
