// SPDX-License-Identifier: Apache-2.0
import Foundation
import GraphIR
import Testing

@testable import Planning

/// What running operators again is counted as.
@Suite struct CostTests {
  static func flops(_ node: String) throws -> Int {
    let graph = try Graph(
      parsing: """
        graph costs
        input x : float32[2,8,16,16]
        input a : float32[4,32,64]
        input m : float32[32,64]
        input q : float32[2,4,10,8]
        weight w : float32[6,8,3,3]
        weight b : float32[64,10]
        weight g : float32[64]
        node n = \(node)
        output y
        """)
    return OperatorFlops.flops(of: NodeID(0), in: graph)
  }

  @Test(
    arguments: [
      ("MatMul@13(a, b) -> y : float32[4,32,10]", 2 * 4 * 32 * 10 * 64),
      ("Gemm@13(m, b) -> y : float32[32,10]", 2 * 32 * 10 * 64),
      ("Conv@11(x, w) -> y : float32[2,6,16,16]", 2 * 2 * 6 * 256 * 8 * 9),
      ("pkg.aten::mm@1(m, b) -> y : float32[32,10]", 2 * 32 * 10 * 64),
      ("pkg.aten::addmm@1(g, m, b) -> y : float32[32,10]", 2 * 32 * 10 * 64),
      ("pkg.aten::convolution@1(x, w) -> y : float32[2,6,16,16]", 2 * 2 * 6 * 256 * 8 * 9),
      ("Relu@13(m) -> y : float32[32,64]", 32 * 64),
      ("LayerNormalization@17(m, g) -> y : float32[32,64]", 8 * 32 * 64),
      (
        "pkg.aten::_scaled_dot_product_flash_attention@1(q, q, q) -> y : float32[2,4,10,8]",
        4 * 2 * 4 * 10 * 8 * 10
      ),
      (
        "Reshape@13(m) -> y : float32[2048] effects [mayAlias 0 0 safe+ort]", 0
      ),
    ])
  func `operators cost what their shapes say`(node: String, expected: Int) throws {
    #expect(try Self.flops(node) == expected)
  }

  @Test func `a table overrides operators and nodes`() throws {
    let text = #"{"operators": {"Exp": 3}, "nodes": {"d": 7}, "flopsPerSecond": 1e12}"#
    let table = try JSONDecoder().decode(CostTable.self, from: Data(text.utf8))
    let costs = CostModel(of: try Graph(parsing: LadderExample.text), table: table)
    #expect(costs.flops == [256, 3 * 256, 256, 7, 256])
    #expect(costs.seconds(ofNode: 1) == 768 / 1e12)
  }

  @Test(
    arguments: [
      #"{"operator": {}}"#, #"{"nodes": {"d": -1}}"#, #"{"flopsPerSecond": 0}"#,
      #"{"operators": {"Exp": -2}}"#, "[]", "",
    ])
  func `a table that is none is refused`(text: String) {
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(CostTable.self, from: Data(text.utf8))
    }
  }

  @Test(
    arguments: [
      ("", "Relu", true), ("", "Dropout", false), ("", "RandomNormalLike", false),
      ("", "Bernoulli", false), ("", "Multinomial", false), ("", "If", false),
      ("com.microsoft", "Gelu", true), ("com.microsoft", "BitmaskDropout", false),
      ("com.microsoft", "BitmaskDropoutGrad", true), ("com.microsoft", "DropoutGrad", true),
      ("pkg.aten", "native_dropout", false), ("pkg.aten", "native_dropout_backward", true),
      ("pkg.aten", "rand_like", false), ("pkg.aten", "mm", true), ("my.domain", "Relu", false),
    ])
  func `what is random or unknown is not repeated`(
    domain: String, type: String, isCalm: Bool
  ) {
    #expect(Repeatability.isCalm(OperatorKind(domain: domain, type: type)) == isCalm)
  }
}
