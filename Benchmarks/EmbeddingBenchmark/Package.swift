// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let package = Package(
  name: "EmbeddingBenchmark",
  dependencies: [.package(name: "graphopt", path: "../..")],
  targets: [
    .executableTarget(
      name: "EmbeddingBenchmark",
      dependencies: [
        .product(name: "GraphOptimizer", package: "graphopt"),
        .product(name: "graphopt-c-static", package: "graphopt"),
      ])
  ]
)
