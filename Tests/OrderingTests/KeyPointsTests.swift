// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Ordering

@Suite struct KeyPointsTests {
  /// For each operator, the set of what comes after it.
  static func reach(of model: OrderModel) -> [Set<Int>] {
    var reach = [Set<Int>](repeating: [], count: model.count)
    for operation in (0..<model.count).reversed() {
      for index in model.successors[operation] {
        let other = Int(model.successors.values[index])
        reach[operation].formUnion(reach[other].union([other]))
      }
    }
    return reach
  }

  @Test(arguments: 0..<200)
  func `key points are comparable with every other operator`(seed: Int) {
    var shape = RandomGraph.Shape(nodes: 1...20)
    shape.reach = 1 + seed % 4
    shape.weights = 5
    let graph = RandomGraph(seed: seed, shape: shape).graph
    let model = OrderModel(SchedulingProblem(graph))
    let reach = Self.reach(of: model)
    let all = [Bool](repeating: true, count: model.count)
    #expect(
      KeyPoints.operations(of: model, where: all)
        == (0..<model.count).filter { key in
          (0..<model.count).allSatisfy {
            $0 == key || reach[key].contains($0) || reach[$0].contains(key)
          }
        })
    // Among what lies between two operators, whatever hangs elsewhere.
    let spine = Spine(model)
    let attached = (0..<model.count).filter(spine.isAttached)
    let found = KeyPoints.operations(of: model, where: (0..<model.count).map(spine.isAttached))
    #expect(
      found
        == attached.filter { key in
          attached.allSatisfy {
            $0 == key || reach[key].contains($0) || reach[$0].contains(key)
          }
        })
    #expect(found.allSatisfy(spine.path.contains))
  }

  @Test func `some graphs have many and some have none`() {
    var counts: [Int] = []
    for seed in 0..<100 {
      var shape = RandomGraph.Shape(nodes: 12...12)
      shape.reach = 1 + seed % 3
      let model = OrderModel(SchedulingProblem(RandomGraph(seed: seed, shape: shape).graph))
      let all = [Bool](repeating: true, count: model.count)
      counts.append(KeyPoints.operations(of: model, where: all).count)
    }
    #expect(counts.contains(0))
    #expect(counts.contains { $0 > 5 })
  }
}
