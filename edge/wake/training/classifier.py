"""A small network that tells the wake word from everything else, over a window of speech embeddings."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.wake.embedding import Floats
from edge.wake.training.errors import TrainingError

_HIDDEN: Final = (48,)
_VOTERS: Final = 2
_DECAY: Final = 3e-3
_ROUNDS: Final = 12


@dataclass(frozen=True, slots=True)
class Layer:
    """A linear layer."""

    weights: Floats
    """float32, shape (inputs, outputs)."""
    bias: Floats
    """float32, shape (outputs,)."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """Several networks that vote: the mean of their log-odds, as a probability."""

    voters: tuple[tuple[Layer, ...], ...]
    windows: int
    """Embeddings that it looks at."""

    def score(self, windows: Floats) -> Floats:
        """``windows``: float32, shape (n, windows, 96). Returns probabilities, shape (n,)."""
        flat = windows.reshape(len(windows), -1)
        odds = np.mean([_log_odds(voter, flat) for voter in self.voters], axis=0)
        probabilities: Floats = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return probabilities


def fit(windows: Floats, labels: npt.NDArray[np.bool_], weights: Floats, seed: int) -> Classifier:
    """``windows``: float32, shape (n, windows, 96); ``labels`` and ``weights``: shape (n,).

    Raises TrainingError when scikit-learn is not installed.
    """
    networks, one_thread = _sklearn()
    flat = windows.reshape(len(windows), -1)
    mean, spread = flat.mean(axis=0), flat.std(axis=0) + 1e-3
    scaled = (flat - mean) / spread
    voters = []
    for number in range(_VOTERS):
        network = networks.MLPClassifier(
            _HIDDEN, alpha=_DECAY, batch_size=256, max_iter=_ROUNDS, learning_rate_init=5e-4, random_state=seed + number
        )
        # The matrices are small: on a busy machine the threads wait for one another longer than they compute.
        with one_thread(1):
            _quietly(network, scaled, labels, weights)
        voters.append(_layers(network, mean, spread))
    return Classifier(tuple(voters), windows.shape[1])


def _sklearn() -> tuple[Any, Any]:
    try:
        from sklearn import neural_network
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise TrainingError("training needs scikit-learn", "pip install 'hearthside[train]'") from None
    return neural_network, threadpool_limits


def _quietly(network: Any, scaled: Floats, labels: npt.NDArray[np.bool_], weights: Floats) -> None:
    """It stops after a fixed number of rounds, which is meant and no reason to warn."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(scaled, labels, sample_weight=weights)


def _layers(network: Any, mean: Floats, spread: Floats) -> tuple[Layer, ...]:
    """Its layers, the scaling of the inputs folded into the first."""
    first = network.coefs_[0] / spread[:, None]
    bias = network.intercepts_[0] - mean @ first
    layers = [(first, bias), *zip(network.coefs_[1:], network.intercepts_[1:], strict=True)]
    return tuple(Layer(w.astype(np.float32), b.astype(np.float32)) for w, b in layers)


def _log_odds(voter: tuple[Layer, ...], flat: Floats) -> Floats:
    values = flat
    for layer in voter[:-1]:
        values = np.maximum(values @ layer.weights + layer.bias, 0)
    odds: Floats = (values @ voter[-1].weights + voter[-1].bias)[:, 0]
    return odds
