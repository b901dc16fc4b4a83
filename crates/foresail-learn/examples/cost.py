"""What LightGBM and scikit-learn need and reach on the rows that `examples/cost.rs` measures.

    python3 examples/cost.py draw ROWS      # writes ROWS, which cost.rs reads
    python3 examples/cost.py fit ROWS       # times the references on two threads

ROWS is little-endian: counts of rows, training rows and columns (u32), per column the number of
levels (u32, 0 = number) and its values (f32, a level by code, NaN = missing), then classes (u32).
Needs numpy, scikit-learn 1.9.1 and lightgbm 4.7.0.
"""

import struct
import sys
import time

import numpy as np

ROWS, TRAINING, NUMBERS, LEVELS, CLASSES = 50_000, 40_000, 60, (4, 12, 30, 100), 8


def draw(path):
    """60 numbers with 3 % missing, 4 categories, 8 unequal classes, 2 % label noise."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(ROWS, NUMBERS))
    x[:, 30:] = np.exp(x[:, 30:])
    codes = np.stack([rng.integers(0, n, ROWS) for n in LEVELS], axis=1)
    effects = [rng.normal(size=(n, CLASSES)) for n in LEVELS]
    hidden = np.tanh(x[:, :20] @ rng.normal(size=(20, 24)) / 3)
    score = hidden @ rng.normal(size=(24, CLASSES)) * 1.2
    score += np.where(x[:, 20:28] > 0.5, 2.0, 0.0) * np.sign(x[:, 28:36] - 1.0)
    score += sum(effects[i][codes[:, i]] for i in range(len(LEVELS))) * 0.7
    score += np.linspace(3.0, -2.0, CLASSES)
    y = np.argmax(score + rng.gumbel(size=score.shape) * 0.3, axis=1)
    noisy = rng.random(ROWS) < 0.02
    y[noisy] = rng.integers(0, CLASSES, noisy.sum())
    x[rng.random(x.shape) < 0.03] = np.nan
    with open(path, "wb") as out:
        out.write(struct.pack("<3I", ROWS, TRAINING, NUMBERS + len(LEVELS)))
        for column, levels in [(x[:, i], 0) for i in range(NUMBERS)] + [
            (codes[:, i], n) for i, n in enumerate(LEVELS)
        ]:
            out.write(struct.pack("<I", levels))
            out.write(column.astype("<f4").tobytes())
        out.write(y.astype("<u4").tobytes())


def read(path):
    raw = open(path, "rb").read()
    rows, training, columns = struct.unpack_from("<3I", raw)
    at, x, categories = 12, [], []
    for column in range(columns):
        if struct.unpack_from("<I", raw, at)[0]:
            categories.append(column)
        x.append(np.frombuffer(raw, "<f4", rows, at + 4))
        at += 4 + 4 * rows
    y = np.frombuffer(raw, "<u4", rows, at).astype(int)
    return np.stack(x, axis=1), y, training, categories


def report(name, seconds, p, y):
    from sklearn.metrics import accuracy_score, f1_score, log_loss

    said = p.argmax(axis=1)
    print(
        f"{name}: fit {seconds[0]:.2f} s wall {seconds[1]:.2f} s CPU, "
        f"log-loss {log_loss(y, p, labels=range(CLASSES)):.4f}, "
        f"accuracy {accuracy_score(y, said):.4f}, macro-F1 {f1_score(y, said, average='macro'):.4f}"
    )


def timed(run):
    start = (time.time(), time.process_time())
    result = run()
    return result, (time.time() - start[0], time.process_time() - start[1])


def fit(path):
    import lightgbm
    from sklearn.ensemble import RandomForestClassifier

    x, y, training, categories = read(path)
    train, test = slice(None, training), slice(training, None)
    data = lightgbm.Dataset(x[train], y[train], categorical_feature=categories)
    settings = {
        "objective": "multiclass",
        "num_class": CLASSES,
        "num_threads": 2,
        "verbosity": -1,
        "deterministic": True,
        "force_col_wise": True,
    }
    model, seconds = timed(lambda: lightgbm.train(settings, data, num_boost_round=100))
    report("LightGBM", seconds, model.predict(x[test]), y[test])
    filled = np.where(np.isnan(x), np.float32(-9.0), x)
    forest = RandomForestClassifier(100, n_jobs=2, random_state=1)
    _, seconds = timed(lambda: forest.fit(filled[train], y[train]))
    report("scikit-learn forest", seconds, forest.predict_proba(filled[test]), y[test])


if __name__ == "__main__":
    {"draw": draw, "fit": fit}[sys.argv[1]](sys.argv[2])
