# SPDX-License-Identifier: Apache-2.0
"""Uses of ONNX's operators for classical machine learning, run by onnxruntime."""

import numpy as np
from case_files import Runner


def f32(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def tree(classes):
    """One split, whose two leaves add to as many classes or targets as there are."""
    nodes = dict(
        nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2],
        nodes_featureids=[0, 0, 0],
        nodes_values=[1.5, 0.0, 0.0],
        nodes_hitrates=[1.0, 1.0, 1.0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_truenodeids=[1, 0, 0],
        nodes_falsenodeids=[2, 0, 0],
        nodes_missing_value_tracks_true=[0, 0, 0],
    )
    leaves = [(leaf, c) for leaf in (1, 2) for c in range(classes)]
    return nodes, leaves


def ml_cases(cases):
    run = Runner(cases, "ai.onnx.ml", 3)
    for rows in ((4,), (1,), (2, 4), (5, 4), (1, 4)):
        x = f32(*rows)
        name = "x".join(map(str, rows))
        run(name, 17, "Binarizer", [x], dict(threshold=1.0))
        run(name, 17, "Normalizer", [x], dict(norm="L2"))
        run(name, 17, "Normalizer", [x.astype(np.int64)], dict(norm="MAX"))
        run(name, 17, "Scaler", [x], dict(offset=[1.0], scale=[2.0]))
        run(name, 17, "Scaler", [x.astype(np.int32)], dict(offset=[1.0], scale=[2.0]))
        imputed = dict(imputed_value_floats=[0.5] * rows[-1], replaced_value_float=1.0)
        run(name, 17, "Imputer", [x], imputed)
        run(name, 17, "ArrayFeatureExtractor", [x, np.array([0, 0], np.int64)], {})
        run(name, 17, "OneHotEncoder", [x.astype(np.int64)], dict(cats_int64s=[0, 1, 2], zeros=1))
        run(name, 17, "OneHotEncoder", [x], dict(cats_int64s=[0, 5], zeros=1))
        run(name, 17, "FeatureVectorizer", [x, x], dict(inputdimensions=[rows[-1]] * 2))
        run(name, 17, "FeatureVectorizer", [x], dict(inputdimensions=[rows[-1]]))
        names = dict(keys_int64s=[0, 1], values_strings=["a", "b"], default_string="c")
        run(name, 17, "LabelEncoder", [x.astype(np.int64)], names)
        mapped = dict(cats_int64s=[0, 1], cats_strings=["a", "b"], default_string="c")
        run(name, 17, "CategoryMapper", [x.astype(np.int64)], mapped)
        for targets in (1, 3):
            weights = dict(coefficients=[0.5] * rows[-1] * targets, intercepts=[0.0] * targets)
            run(f"{name}-{targets}", 17, "LinearRegressor", [x], dict(weights, targets=targets))
        for count, labels in ((1, [0, 1]), (1, [1]), (2, [3, 7]), (3, [0, 1, 2])):
            weights = dict(coefficients=[0.5] * rows[-1] * count, intercepts=[0.0] * count)
            text = f"{name}-{count}-{len(labels)}"
            for transform in ("NONE", "SOFTMAX", "LOGISTIC"):
                weights["post_transform"] = transform
                run(
                    f"{text}-{transform}",
                    17,
                    "LinearClassifier",
                    [x],
                    dict(weights, classlabels_ints=labels),
                    outputs=2,
                )
            run(
                f"{text}-strings",
                17,
                "LinearClassifier",
                [x.astype(np.float64)],
                dict(weights, classlabels_strings=[str(label) for label in labels]),
                outputs=2,
            )
        for classes in (1, 2, 3):
            nodes, leaves = tree(classes)
            run(
                f"{name}-{classes}",
                17,
                "TreeEnsembleRegressor",
                [x],
                dict(
                    nodes,
                    n_targets=classes,
                    target_treeids=[0] * len(leaves),
                    target_nodeids=[leaf for leaf, _ in leaves],
                    target_ids=[c for _, c in leaves],
                    target_weights=[0.5] * len(leaves),
                ),
            )
            for kind in ("classlabels_int64s", "classlabels_strings"):
                # Two classes often have the weights of one alone.
                for labels in sorted({max(classes, 2), classes if "int" in kind else 2}):
                    values = list(range(labels))
                    run(
                        f"{name}-{classes}-{labels}-{kind}",
                        17,
                        "TreeEnsembleClassifier",
                        [x],
                        dict(
                            nodes,
                            class_treeids=[0] * len(leaves),
                            class_nodeids=[leaf for leaf, _ in leaves],
                            class_ids=[c for _, c in leaves],
                            class_weights=[0.5] * len(leaves),
                            **{kind: values if "int" in kind else [str(v) for v in values]},
                        ),
                        outputs=2,
                    )
        vectors = dict(
            kernel_type="RBF",
            kernel_params=[0.1, 0.0, 3.0],
            support_vectors=[0.5] * rows[-1] * 4,
            rho=[0.1],
        )
        run(name, 17, "SVMRegressor", [x], dict(vectors, n_supports=4, coefficients=[1.0] * 4))
        for classes in (2, 3, 4):
            pairs = classes * (classes - 1) // 2
            each = 4 // classes if classes != 3 else 1
            svm = dict(
                vectors,
                support_vectors=[0.5] * rows[-1] * each * classes,
                rho=[0.1] * pairs,
                vectors_per_class=[each] * classes,
                coefficients=[1.0] * each * classes * (classes - 1),
                classlabels_ints=list(range(classes)),
            )
            run(f"{name}-{classes}", 17, "SVMClassifier", [x], svm, outputs=2)
            proba = dict(prob_a=[0.5] * pairs, prob_b=[0.5] * pairs)
            run(f"{name}-{classes}-p", 17, "SVMClassifier", [x], dict(svm, **proba), outputs=2)
            linear = dict(
                kernel_type="LINEAR",
                coefficients=[0.5] * rows[-1] * classes,
                rho=[0.1],
                classlabels_ints=list(range(classes)),
            )
            run(f"{name}-{classes}-linear", 17, "SVMClassifier", [x], linear, outputs=2)
        run(name, 17, "ZipMap", [x], dict(classlabels_int64s=list(range(rows[-1]))))
        run(name, 17, "ZipMap", [x], dict(classlabels_strings=[str(c) for c in range(rows[-1])]))
    print(len(run.refused), "cases refused by onnxruntime")
