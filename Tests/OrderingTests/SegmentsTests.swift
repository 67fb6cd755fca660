// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct SegmentsTests {
  @Test(arguments: 0..<200)
  func `no dependency leads into an earlier segment`(seed: Int) {
    let (model, _) = OrderFrameTests.example(seed: seed, nodes: 1...40)
    var segments = Segments(model)
    func check() {
      #expect(segments.ofOperation.allSatisfy { 0..<segments.count ~= $0 })
      for operation in 0..<model.count {
        for index in model.successors[operation] {
          let other = Int(model.successors.values[index])
          #expect(segments.ofOperation[operation] <= segments.ofOperation[other])
        }
      }
    }
    check()
    segments.delay((0..<model.count).filter { segments.isHanging[$0] }, to: segments.count / 2)
    check()
  }

  @Test(arguments: 0..<100)
  func `pairs hold every segment once, nested around the loss`(seed: Int) {
    var random = SeededGenerator(seed: seed)
    let sizes = (0..<Int.random(in: 0...30, using: &random)).map { _ in
      Int.random(in: 0...40, using: &random)
    }
    let loss = sizes.isEmpty || seed % 3 == 0 ? nil : Int.random(in: sizes.indices, using: &random)
    let pairs = SegmentPairs(sizes: sizes, loss: loss, limit: 50)
    #expect(pairs.halves.flatMap { Array($0) } == Array(sizes.indices))
    for (half, segments) in pairs.halves.enumerated() {
      #expect(segments.allSatisfy { pairs.halfOfSegment[$0] == half })
      // More than the limit only where one step outward is more.
      if segments.count > 1 { #expect(sizes[segments].reduce(0, +) <= 50) }
    }
    if let loss { #expect(pairs.halves.contains { $0.upperBound == loss + 1 }) }
  }

  /// A chain of layers forward, and back again: each layer keeps its input for backward, which makes
  /// a gradient of the weight that an update then uses.
  static func training(layers: Int, gradientBytes: Int) throws -> Graph {
    var graph = Graph(name: "training")
    let kind = OperatorKind(type: "Op")
    func tensor(_ name: String, _ bytes: Int, _ role: TensorRole) throws -> TensorID {
      try graph.addTensor(name, type: .uint8, shape: [bytes], role: role)
    }
    var value = try tensor("x", 6400, .input)
    graph.addInput(value)
    var kept: [TensorID] = []
    for layer in 0..<layers {
      kept.append(value)
      let next = try tensor("y\(layer)", 6400, .activation)
      try graph.addNode("forward\(layer)", kind: kind, inputs: [value], outputs: [next])
      value = next
    }
    var slope = try tensor("loss", 64, .activation)
    try graph.addNode("loss", kind: kind, inputs: [value], outputs: [slope])
    for layer in (0..<layers).reversed() {
      let made = try tensor("w\(layer)", gradientBytes, .gradient)
      try graph.addNode(
        "weight\(layer)", kind: kind, inputs: [slope, kept[layer]], outputs: [made])
      let scaled = try tensor("u\(layer)", gradientBytes, .temporary)
      try graph.addNode("scale\(layer)", kind: kind, inputs: [made], outputs: [scaled])
      let done = try tensor("d\(layer)", 64, .output)
      try graph.addNode("update\(layer)", kind: kind, inputs: [made, scaled], outputs: [done])
      graph.addOutput(done)
      let back = try tensor("g\(layer)", 6400, .gradient)
      try graph.addNode("back\(layer)", kind: kind, inputs: [slope, kept[layer]], outputs: [back])
      slope = back
    }
    graph.addOutput(slope)
    try graph.validate()
    return graph
  }

  @Test func `the loss is where forward meets backward`() throws {
    let graph = try Self.training(layers: 8, gradientBytes: 640)
    let model = OrderModel(SchedulingProblem(graph))
    let segments = Segments(model)
    let loss = try #require(segments.loss())
    let isForward = segments.ofOperation.map { $0 <= loss }
    // All of forward and nothing that makes a gradient.
    for node in graph.nodeIDs {
      let name = graph.name(of: node)
      if name.hasPrefix("forward") { #expect(isForward[node.index], "\(name)") }
      if name.hasPrefix("back") || name.hasPrefix("weight") || name.hasPrefix("update") {
        #expect(!isForward[node.index], "\(name)")
      }
    }
  }

  @Test func `a chain has no loss`() {
    var shape = RandomGraph.Shape(nodes: 20...20)
    shape.reach = 1
    shape.outputs = 0
    shape.weights = 0
    let graph = RandomGraph(seed: 3, shape: shape).graph
    #expect(Segments(OrderModel(SchedulingProblem(graph))).loss() == nil)
  }

  @Test func `updates that would be more than all activations wait, small ones do not`() throws {
    for (bytes, waits) in [(64, false), (64_000, true)] {
      let graph = try Self.training(layers: 8, gradientBytes: bytes)
      let model = OrderModel(SchedulingProblem(graph))
      var segments = Segments(model)
      let loss = try #require(segments.loss())
      var sizes = [Int](repeating: 0, count: segments.count)
      for segment in segments.ofOperation { sizes[segment] += 1 }
      let pairs = SegmentPairs(sizes: sizes, loss: loss, limit: 6)
      let before = segments.ofOperation
      WeightUpdates(segments, pairs: pairs, loss: loss, in: model)
        .settle(&segments, pairs: pairs)
      #expect((segments.ofOperation != before) == waits)
      let moved = (0..<model.count).filter { segments.ofOperation[$0] != before[$0] }
      for operation in moved {
        #expect(!graph.name(of: NodeID(operation)).hasPrefix("forward"))
        #expect(segments.ofOperation[operation] > before[operation])
      }
    }
  }
}
