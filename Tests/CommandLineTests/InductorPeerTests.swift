// SPDX-License-Identifier: Apache-2.0
import Emitters
import Foundation
import GraphIR
import Planning
import TestSupport
import Testing

/// Our orders after PyTorch's inductor against inductor itself: `torch._inductor.memory` orders the
/// same graphs, and its peaks are ours.
@Suite(.enabled(if: TorchPeer.isPresent, Comment(rawValue: TorchPeer.absence)))
struct InductorPeerTests {
  /// The peaks of one graph, by order.
  typealias Peaks = [String: Int]

  /// File order first: the same in inductor unless views that nobody reads stand late in the file.
  static let orders = ["file", "lpmf", "breadth-first", "depth-first"]

  /// Steps of all kinds of network and optimizer; the longest take minutes in debug builds.
  static let zoo = [
    "alexnet-train-b1-adam", "alexnet-train-b1-none", "alexnet-train-b32-sgd",
    "bert_base-train-b1-sgd", "darts_cellnet-train-b32-sgd", "googlenet-train-b32-adam",
    "llama_8l-train-b1-adam", "mnasnet1_0-train-b1-adam", "mobilenet_v2-train-b32-sgd",
    "pruned_swiglu_dec-train-b4-adam", "randwire_ws_s0-train-b1-adam", "resnet50-train-b1-adam",
    "unet_diffusion-train-b8-adam", "vgg16-train-b32-adam",
  ]

  @Test(.timeLimit(.minutes(5)))
  func `random graphs have the peaks that inductor finds`() throws {
    let folder = TemporaryFolder()
    var (paths, peaks): ([String], [Peaks]) = ([], [])
    for seed in Seeds.first(60) {
      var shape = RandomGraph.Shape(nodes: 5...60)
      shape.reach = 3 + seed % 15
      shape.views = seed % 3 * 12
      shape.updates = seed % 4 * 6
      // Plans do not show control dependencies, and scratch is no buffer of inductor's.
      (shape.controls, shape.workspaces) = (0, 0)
      let graph = Self.withoutUnusedInputs(RandomGraph(seed: seed, shape: shape).graph)
      // A view that is optional holds updates back even where it is none, which plans do not show.
      let kinds = Set(graph.nodeIDs.flatMap { graph.effects(of: $0).map(\.kind) })
      if kinds.isSuperset(of: [.mayAlias, .mustOverwrite]) { continue }
      var ours: Peaks = [:]
      for order in Self.orders {
        let planner = Planner(
          memory: MemoryModel(inPlace: .none), order: try #require(OrderChoice(name: order)))
        let plan = try planner.plan(graph, model: PlannedModel(path: "random"))
        ours[order] = plan.summary.peakBytes
        if order == "file" {
          paths.append(folder.write(JSONEmitter().bytes(of: plan), to: "\(seed).json"))
        }
      }
      peaks.append(ours)
    }
    let theirs = try TorchPeer.peaks(of: paths)
    for (our, (their, path)) in zip(peaks, zip(theirs, paths)) {
      for order in Self.orders.dropFirst() {
        #expect(our[order] == their[order], "\(path), \(order)")
      }
    }
    #expect(theirs.count == paths.count && paths.count > Seeds.first(60).count / 2)
    // The orders do differ, so that equal peaks say something.
    #expect(theirs.count { Set($0.values).count > 1 } > theirs.count / 2)
  }

  @Test func `a training step of the fixtures has the peaks that inductor finds`() throws {
    try expectPeaks(of: ["Fixtures/mlp_train.onnx"])
  }

  @Test(.enabled(if: Zoo.isNamed, Comment(rawValue: Zoo.briefness)), .timeLimit(.minutes(20)))
  func `real training steps have the peaks that inductor finds`() throws {
    try expectPeaks(of: Self.zoo.map { Zoo.path(of: "train/\($0).onnx") })
  }

  private func expectPeaks(of models: [String]) throws {
    let planned = models.map { PlannedFile($0, ["--inplace", "none", "--order", "file"]) }
    let theirs = try TorchPeer.peaks(of: planned.map(\.path))
    #expect(theirs.count == models.count)
    for (model, their) in zip(models, theirs) {
      let result = CommandRunner.graphopt(
        "order", model, "--inplace", "none", "--effort", "candidates", "--format", "json")
      try #require(result.status == 0, "\(result.errors)")
      let order = try JSONDecoder().decode(
        OrderCommandTests.Order.self, from: Data(result.output))
      let ours = order.candidates.filter { Self.orders.contains($0.name) }
      #expect(Dictionary(uniqueKeysWithValues: ours.map { ($0.name, $0.peakBytes) }) == their)
    }
  }

  /// The graph with every input read: inductor does not count what nothing reads but views that
  /// lead nowhere, and we count it at the first step.
  private static func withoutUnusedInputs(_ graph: Graph) -> Graph {
    var graph = graph
    let map = StorageMap(of: graph, model: MemoryModel(inPlace: .none))
    let unused = graph.inputs.filter { input in
      let storage = map.storageOfTensor[input.index].index
      return (map.toucherStart[storage]..<map.toucherStart[storage + 1]).allSatisfy { index in
        graph.effects(of: NodeID(rawValue: map.touchers[index])).contains { $0.kind == .alias }
      }
    }
    guard !unused.isEmpty else { return graph }
    do {
      let sum = try graph.addTensor("read", type: .uint8, shape: [64], role: .activation)
      try graph.addNode(
        "reader", kind: OperatorKind(type: "Op"), inputs: unused, outputs: [sum])
    } catch { preconditionFailure("reading inputs keeps a graph valid: \(error)") }
    return graph
  }
}

/// A Python with torch, which is too large to be installed for tests alone.
enum TorchPeer {
  static let absence =
    "no torch: set GRAPHOPT_TORCH_PYTHON to a Python with Tests/Peers/requirements-torch.txt"

  static let python: String? = {
    guard let path = ProcessInfo.processInfo.environment["GRAPHOPT_TORCH_PYTHON"] else {
      return nil
    }
    return access(path, X_OK) == 0 ? path : nil
  }()

  static var isPresent: Bool { python != nil }

  /// What inductor's orders of plans need.
  static func peaks(of plans: [String]) throws -> [InductorPeerTests.Peaks] {
    let answer = CommandRunner.run(
      python ?? "", ["\(Zoo.packageRoot)/Tests/Peers/peer_inductor.py"] + plans,
      timeLimit: .seconds(600))
    try #require(answer.status == 0, "\(answer.errors)")
    return try answer.text.split(separator: "\n").map {
      try JSONDecoder().decode(InductorPeerTests.Peaks.self, from: Data($0.utf8))
    }
  }
}
