"""Foresail's tables beside the stack they replace, on the same rows, threads and run.

    python3 bench/references.py PROGRAM SIMULATED FOLDER

PROGRAM is the example `table_cost` of `foresail-learn`, SIMULATED the CSV of `foresail simulate`; FOLDER takes the
drawn rows. Needs the packages of `bench/requirements.txt`. Prints two Markdown tables: times (each the median of three
runs, ours and the reference's in turn) and quality on the sets that scikit-learn ships.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

THREADS = 2
RUNS = 3
ROWS, TRAINING, TEST = 200_000, 40_000, 10_000
NUMBERS, LEVELS, CLASSES = 60, (4, 12, 30, 100), 8
# Of the forest; rounds of boosting.
TREES = 100
TARGET = "issue_type"


def draw(folder):
    """60 numbers with 3 % missing, 4 categories, 8 unequal classes, 2 % label noise."""
    import numpy as np
    import pandas as pd

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
    frame = pd.DataFrame({f"num_{i}": x[:, i] for i in range(NUMBERS)})
    for i in range(len(LEVELS)):
        frame[f"cat_{i}"] = [f"level-{code}" for code in codes[:, i]]
    paths = [folder / name for name in ("rows.csv", "training.csv", "test.csv")]
    frame.to_csv(paths[0], index=False)
    frame[TARGET] = [f"class-{label}" for label in y]
    frame[:TRAINING].to_csv(paths[1], index=False)
    frame[TRAINING : TRAINING + TEST].to_csv(paths[2], index=False)
    return paths


def ours(program, threads, *arguments):
    """One run of our program."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    run = [program, *map(str, arguments)]
    return json.loads(subprocess.run(run, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def timed(run):
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


def in_turn(own, reference):
    """The median of each value of ours and the reference's over runs in turn."""
    runs = [(own(), reference()) for _ in range(RUNS)]
    return [
        {key: statistics.median(run[side][key] for run in runs) for key in runs[0][side]}
        for side in (0, 1)
    ]


def row(what, threads, pair, key, bar, quality=""):
    own, reference = (side[key] for side in pair)
    ratio = own / reference
    print(f"| {what} | {threads} | {own:.3f} | {reference:.3f} | **{ratio:.2f}** | {bar} | {quality} |", flush=True)


def quality(pair):
    """Ours, then the reference's."""
    keys = ("accuracy", "macro_f1", "log_loss")
    return " · ".join(f"{key.replace('_', ' ')} {pair[0][key]:.4f} / {pair[1][key]:.4f}" for key in keys)


def read_rows(program, path):
    import pandas as pd

    def pandas():
        return {"read_s": timed(lambda: pd.read_csv(path))[1]}

    for threads in (1, THREADS):
        pair = in_turn(lambda: ours(program, threads, "read", path), pandas)
        where = threads if threads == 1 else f"{threads}, pandas 1"
        row(f"read {ROWS:,} × {NUMBERS + len(LEVELS)} CSV, pandas", where, pair, "read_s", "≤ 1")


def rows_of(path):
    """Numbers, codes of categories and labels as the references take them."""
    import numpy as np
    import pandas as pd

    frame = pd.read_csv(path)
    for i, n in enumerate(LEVELS):
        frame[f"cat_{i}"] = pd.Categorical(frame[f"cat_{i}"], [f"level-{code}" for code in range(n)]).codes
    y = frame.pop(TARGET).str.removeprefix("class-").astype(int).to_numpy()
    return frame.to_numpy(np.float32), y


def judged(probabilities, y):
    from sklearn.metrics import accuracy_score, f1_score, log_loss

    said = probabilities.argmax(axis=1)
    return {
        "accuracy": accuracy_score(y, said),
        "macro_f1": f1_score(y, said, average="macro"),
        "log_loss": log_loss(y, probabilities, labels=range(CLASSES)),
    }


def scikit_learn(training, test, threads):
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier

    (x, y), (x_test, y_test) = training, test
    filled, filled_test = (np.where(np.isnan(part), np.float32(-9.0), part) for part in (x, x_test))
    forest = RandomForestClassifier(TREES, n_jobs=threads, random_state=1)
    _, fit_s = timed(lambda: forest.fit(filled, y))
    said, predict_s = timed(lambda: forest.predict_proba(filled_test))
    return {"fit_s": fit_s, "predict_s": predict_s, **judged(said, y_test)}


def lightgbm(training, test, threads):
    import lightgbm

    (x, y), (x_test, y_test) = training, test
    settings = {
        "objective": "multiclass",
        "num_class": CLASSES,
        "num_threads": threads,
        "verbosity": -1,
        "deterministic": True,
        "force_col_wise": True,
    }
    categories = list(range(NUMBERS, NUMBERS + len(LEVELS)))

    def fit():
        data = lightgbm.Dataset(x, y, categorical_feature=categories)
        return lightgbm.train(settings, data, num_boost_round=TREES)

    model, fit_s = timed(fit)
    said, predict_s = timed(lambda: model.predict(x_test, num_threads=threads))
    return {"fit_s": fit_s, "predict_s": predict_s, **judged(said, y_test)}


def fits(program, training_path, test_path):
    training, test = rows_of(training_path), rows_of(test_path)
    compared = [
        ("random-forest", "scikit-learn's forest", scikit_learn, "≤ 0.33"),
        ("gradient-boosting", "LightGBM", lightgbm, "≤ 1.2"),
    ]
    for model, name, reference, bar in compared:
        pair = in_turn(
            lambda: ours(program, THREADS, model, training_path, test_path, TARGET, TREES),
            lambda: reference(training, test, THREADS),
        )
        row(f"{model} fit on {TRAINING:,}, {name}", THREADS, pair, "fit_s", bar, quality(pair))
        row(f"{model} predicts {TEST:,}, {name}", THREADS, pair, "predict_s", "–")
    one = ours(program, 1, "gradient-boosting", training_path, test_path, TARGET, 400 // CLASSES)
    print(f"\none row of {one['trees']:.0f} boosted trees: {one['one_row_us']:.1f} µs (bar 20)")


def sets(simulated):
    """Name, features and labels of every set that quality is compared on."""
    import pandas as pd
    from sklearn import datasets

    for load in (datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer, datasets.load_digits):
        frame, labels = load(as_frame=True, return_X_y=True)
        yield load.__name__.removeprefix("load_"), frame, "class-" + labels.astype(str)
    frame = pd.read_csv(simulated, keep_default_na=False, na_values=[""])
    yield "simulated", frame.drop(columns=["timestamp", "object", TARGET]), frame[TARGET]


def scores_of_reference(kind, split):
    """The mean of five seeds; texts as codes, gaps as gaps."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.metrics import accuracy_score, f1_score, log_loss
    from sklearn.preprocessing import OrdinalEncoder

    x, x_test, y, y_test = split
    texts = x.select_dtypes(exclude="number").columns
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    x, x_test = x.copy(), x_test.copy()
    if len(texts):
        x[texts], x_test[texts] = encoder.fit_transform(x[texts]), encoder.transform(x_test[texts])
    runs = []
    for seed in range(5):
        chosen = RandomForestClassifier if kind == "random-forest" else HistGradientBoostingClassifier
        model = chosen(random_state=seed).fit(x, y)
        said, truth = model.predict_proba(x_test), y_test
        labels = model.classes_[said.argmax(axis=1)]
        runs.append((
            accuracy_score(truth, labels),
            f1_score(truth, labels, average="macro"),
            log_loss(truth, said, labels=model.classes_),
        ))
    return [statistics.mean(values) for values in zip(*runs)]


def compare_quality(program, simulated, folder):
    from sklearn.model_selection import train_test_split

    print("\n| set | model, each at its defaults | accuracy | macro-F1 | log-loss | scikit-learn's accuracy | macro-F1 | log-loss |")
    print("|---|---|---|---|---|---|---|---|")
    for name, frame, labels in sets(simulated):
        split = train_test_split(frame, labels, test_size=0.2, random_state=42, stratify=labels)
        paths = [folder / f"{name}-{part}.csv" for part in ("training", "test")]
        for path, rows, classes in zip(paths, split[:2], split[2:]):
            rows.assign(**{TARGET: classes}).to_csv(path, index=False)
        for kind in ("random-forest", "gradient-boosting"):
            own = ours(program, THREADS, kind, *paths, TARGET)
            numbers = [own["accuracy"], own["macro_f1"], own["log_loss"], *scores_of_reference(kind, split)]
            print(f"| {name} | {kind} | {' | '.join(f'{number:.3f}' for number in numbers)} |", flush=True)


def main(program, simulated, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = draw(folder)
    print("| what, reference | threads | ours s | reference s | ratio | bar | quality, ours / reference |")
    print("|---|---|---|---|---|---|---|")
    read_rows(program, paths[0])
    fits(program, *paths[1:])
    compare_quality(program, simulated, folder)


if __name__ == "__main__":
    main(*sys.argv[1:4])
